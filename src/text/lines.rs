//! Converts byte offsets to lines and columns.

use super::Span;

/// Line and column, both from 1; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

/// Start offset of each line of a text. A line ends with LF, CRLF or a lone CR (`CommonMark` section 2.1, YAML 1.2
/// section 5.4).
#[derive(Clone, Debug)]
pub struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    /// Indexes the lines of `text`.
    pub fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut starts = vec![0];
        for at in memchr::memchr2_iter(b'\n', b'\r', bytes) {
            if bytes[at] == b'\r' && bytes.get(at + 1) == Some(&b'\n') {
                continue;
            }
            starts.push(at + 1);
        }
        Self { starts }
    }

    /// Returns the number of lines. A final line ending starts one more, empty line.
    pub fn count(&self) -> usize {
        self.starts.len()
    }

    /// Returns the line of a byte, from 1.
    pub fn line(&self, byte: usize) -> usize {
        self.starts.partition_point(|start| *start <= byte)
    }

    pub fn position(&self, text: &str, byte: usize) -> Position {
        let line = self.line(byte);
        let start = self.starts[line - 1];
        let before = text.as_bytes().get(start..byte.min(text.len())).unwrap_or_default();
        Position {
            line,
            // Continuation bytes are not counted, so that a byte inside a character has a column too.
            column: 1 + before.iter().filter(|byte| (**byte & 0xC0) != 0x80).count(),
        }
    }

    /// Returns the span of a line (from 1) without its line ending; empty after the last line.
    pub fn span(&self, text: &str, line: usize) -> Span {
        let full = self.full_span(text, line);
        let content = full.slice(text).trim_end_matches(['\n', '\r']);
        Span::new(full.start, full.start + content.len())
    }

    /// Returns the span of a line (from 1) with its line ending; empty after the last line.
    pub fn full_span(&self, text: &str, line: usize) -> Span {
        let Some(start) = line.checked_sub(1).and_then(|index| self.starts.get(index)) else {
            return Span::at(text.len());
        };
        let end = self.starts.get(line).copied().unwrap_or(text.len());
        Span::new(*start, end)
    }
}

/// Iterates over the lines of a part of a text, without their line endings.
pub fn of(text: &str, part: Span) -> impl Iterator<Item = Span> {
    let bytes = &text.as_bytes()[..part.end];
    let mut at = part.start;
    std::iter::from_fn(move || {
        if at >= bytes.len() {
            return None;
        }
        let start = at;
        let end = memchr::memchr2(b'\n', b'\r', &bytes[start..]).map_or(bytes.len(), |length| start + length);
        at = match (bytes.get(end), bytes.get(end + 1)) {
            (Some(b'\r'), Some(b'\n')) => end + 2,
            _ => end + 1,
        };
        Some(Span::new(start, end))
    })
}

/// Returns the offset after the line ending at `at`, or `at` if there is no line ending.
pub fn after_line_ending(text: &str, at: usize) -> usize {
    match text.as_bytes().get(at..) {
        Some([b'\r', b'\n', ..]) => at + 2,
        Some([b'\r' | b'\n', ..]) => at + 1,
        _ => at,
    }
}

/// Returns the line ending of the first line; `\n` if there is none.
pub fn ending(text: &str) -> &'static str {
    match text.find(['\n', '\r']) {
        Some(at) if text[at..].starts_with("\r\n") => "\r\n",
        Some(at) if text[at..].starts_with('\r') => "\r",
        _ => "\n",
    }
}

/// Converts all line endings to LF.
pub fn with_lf(text: &str) -> std::borrow::Cow<'_, str> {
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n").into() } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recognizes_every_line_ending() {
        let text = "a\r\nb\rc\nd";
        let lines = Lines::new(text);
        assert_eq!(lines.count(), 4);
        let seen: Vec<_> = (1..=4).map(|n| lines.span(text, n).slice(text)).collect();
        assert_eq!(seen, ["a", "b", "c", "d"]);
    }

    #[test]
    fn columns_count_characters() {
        let text = "x\né🚧z";
        let at = text.find('z').unwrap();
        let position = Lines::new(text).position(text, at);
        assert_eq!((position.line, position.column), (2, 3));
    }
}
