//! A range of bytes in one file.

use std::ops::Range;

/// A half-open range of bytes, counted from the first byte of the file (a BOM included).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The span of `start..end`; an end before the start makes an empty span at `start`.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end: end.max(start) }
    }

    /// The empty span at `at`.
    pub fn at(at: usize) -> Self {
        Self { start: at, end: at }
    }

    /// Length in bytes.
    pub fn len(self) -> usize {
        self.end - self.start
    }

    /// Whether the span holds no byte.
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// Whether `byte` stands inside.
    pub fn contains(self, byte: usize) -> bool {
        (self.start..self.end).contains(&byte)
    }

    /// Whether all of `other` stands inside.
    pub fn covers(self, other: Span) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// The same span, `by` bytes further on.
    #[must_use]
    pub fn shifted(self, by: usize) -> Self {
        Self { start: self.start + by, end: self.end + by }
    }

    /// The part of `text` that the span covers; empty where it does not fit.
    pub fn slice(self, text: &str) -> &str {
        text.get(self.start..self.end).unwrap_or_default()
    }

    /// The span without white space at both ends.
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
