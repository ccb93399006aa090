//! How a line of Markdown starts, as far as a look at the line alone tells.

/// How a line that is not blank starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// A heading of a level.
    Heading(u8),
    /// A fence of code.
    Fence,
    /// A rule.
    Rule,
    /// A comment, whole.
    Comment,
    /// An entry of a list.
    Entry {
        /// Its bullet, or the delimiter of its number.
        mark: u8,
        /// Where its text starts in the line.
        text: usize,
        /// Whether it may stand right below a paragraph.
        interrupts: bool,
    },
    /// A row of a table.
    Row,
    /// Anything else.
    Text,
}

/// Whether a line holds nothing but spaces and tabs.
pub fn is_blank(line: &[u8]) -> bool {
    line.iter().all(|byte| matches!(byte, b' ' | b'\t'))
}

/// The line between the header of a table and its rows.
pub fn is_dashes(line: &[u8]) -> bool {
    line.contains(&b'-') && line.iter().all(|byte| b"|-: ".contains(byte))
}

/// A backslash or an HTML bracket at the end may reach into the next line.
pub fn ends_oddly(line: &[u8]) -> bool {
    line.last() == Some(&b'\\')
}

/// How a line starts; `None` where that takes more than a look at it.
pub fn start(line: &[u8]) -> Option<Start> {
    let first = *line.first()?;
    match first {
        b'#' => {
            let level = line.iter().take_while(|byte| **byte == b'#').count();
            let spaced = line.get(level) == Some(&b' ');
            let closed = line.trim_ascii_end().ends_with(b"#");
            let named = line[level.min(line.len())..].iter().any(|byte| *byte != b' ');
            (level <= 6 && spaced && named && !closed).then_some(Start::Heading(u8::try_from(level).ok()?))
        }
        b'`' | b'~' => {
            let run = line.iter().take_while(|byte| **byte == first).count();
            match (first, run) {
                (_, 3..) => Some(Start::Fence),
                (b'`', _) => Some(Start::Text),
                _ => None,
            }
        }
        b'-' | b'*' | b'+' => {
            let rule = line.iter().all(|byte| *byte == first || *byte == b' ');
            if rule {
                let marks = memchr::memchr_iter(first, line).count();
                return (marks >= 3 && first != b'+').then_some(Start::Rule);
            }
            if line.get(1) == Some(&b' ') {
                return entry(line, first, 2, true);
            }
            (first == b'*' && line.get(1) != Some(&b'\t')).then_some(Start::Text)
        }
        b'0'..=b'9' => {
            let digits = line.iter().take_while(|byte| byte.is_ascii_digit()).count();
            match (line.get(digits), line.get(digits + 1)) {
                (Some(mark @ (b'.' | b')')), Some(b' ')) if digits <= 9 => {
                    entry(line, *mark, digits + 2, &line[..digits] == b"1")
                }
                (Some(b'.' | b')'), None | Some(b'\t')) => None,
                _ => Some(Start::Text),
            }
        }
        b'|' => Some(Start::Row),
        b'<' => {
            let comment = line.trim_ascii_end();
            let whole = comment.starts_with(b"<!-- ") && comment.ends_with(b" -->") && comment.len() > 8;
            let once = whole && memchr::memmem::find(&comment[4..comment.len() - 3], b"--").is_none();
            once.then_some(Start::Comment)
        }
        b' ' | b'\t' | b'>' | b'=' | b'_' | b':' | b'\x0B' | b'\x0C' => None,
        _ => Some(Start::Text),
    }
}

/// An entry whose text starts right behind one space.
fn entry(line: &[u8], mark: u8, text: usize, interrupts: bool) -> Option<Start> {
    let next = *line.get(text)?;
    (next != b' ' && next != b'\t').then_some(Start::Entry { mark, text, interrupts })
}
