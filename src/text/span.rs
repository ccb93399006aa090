//! Byte ranges in a file.

use std::ops::Range;

/// Half-open byte range in a file. Offset 0 is the first byte of the file, including a BOM.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    pub start: usize,
    pub end: usize,
}

impl Span {
    /// Creates the span `start..end`. If `end` is before `start`, the span is empty at `start`.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end: end.max(start) }
    }

    /// Creates an empty span.
    pub fn at(at: usize) -> Self {
        Self { start: at, end: at }
    }

    /// Returns the length in bytes.
    pub fn len(self) -> usize {
        self.end - self.start
    }

    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    pub fn contains(self, byte: usize) -> bool {
        (self.start..self.end).contains(&byte)
    }

    /// Returns whether `other` is completely inside this span.
    pub fn covers(self, other: Span) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// Returns the span moved by `by` bytes towards the end.
    #[must_use]
    pub fn shifted(self, by: usize) -> Self {
        Self { start: self.start + by, end: self.end + by }
    }

    /// Returns the part of `text` in this span; empty if the span is out of bounds or splits a character.
    pub fn slice(self, text: &str) -> &str {
        text.get(self.start..self.end).unwrap_or_default()
    }

    /// Returns the span without leading and trailing white space of `text`.
    #[must_use]
    pub fn trimmed(self, text: &str) -> Self {
        let part = self.slice(text);
        let edges = (part.as_bytes().first(), part.as_bytes().last());
        if let (Some(first), Some(last)) = edges
            && first.is_ascii_graphic()
            && last.is_ascii_graphic()
        {
            return self;
        }
        let rest = part.trim_start();
        let start = self.end - rest.len();
        Self::new(start, start + rest.trim_end().len())
    }
}

impl From<Range<usize>> for Span {
    fn from(range: Range<usize>) -> Self {
        Self::new(range.start, range.end)
    }
}
