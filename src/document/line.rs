//! Classification of Markdown lines by their start, without context.

/// Start of a non-blank line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// ATX heading with its level.
    Heading(u8),
    /// Code fence.
    Fence,
    /// Thematic break.
    Rule,
    /// HTML comment that spans exactly this line.
    Comment,
    /// List entry.
    Entry {
        /// Bullet, or delimiter of the number.
        mark: u8,
        /// Offset of the text in the line.
        text: usize,
        /// Whether it may interrupt a paragraph (CommonMark section 5.3).
        interrupts: bool,
    },
    /// Table row that starts with `|`.
    Row,
    /// Paragraph text.
    Text,
}

/// Returns `true` if a line contains only spaces and tabs.
pub fn is_blank(line: &[u8]) -> bool {
    line.iter().all(|byte| matches!(byte, b' ' | b'\t'))
}

/// Returns `true` for the delimiter row between the header and the rows of a table.
pub fn is_dashes(line: &[u8]) -> bool {
    line.contains(&b'-') && line.iter().all(|byte| b"|-: ".contains(byte))
}

/// Returns `true` if a line ends with a backslash, which affects the next line.
pub fn ends_with_backslash(line: &[u8]) -> bool {
    line.last() == Some(&b'\\')
}

/// Classifies a line. Returns `None` if its meaning depends on other lines or on rules that the scanner does not
/// implement.
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

/// Returns a list entry if its text starts after exactly one space.
fn entry(line: &[u8], mark: u8, text: usize, interrupts: bool) -> Option<Start> {
    let next = *line.get(text)?;
    (next != b' ' && next != b'\t').then_some(Start::Entry { mark, text, interrupts })
}
