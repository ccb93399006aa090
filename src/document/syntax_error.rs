//! What parsing found wrong: syntax errors beside the document, never instead of it.

use crate::text::Span;

/// Which rule speaks of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyntaxErrorKind {
    /// Bytes that are not UTF-8, or a NUL byte.
    Encoding,
    /// A bound of the format is passed.
    Oversized,
    /// The front matter is never closed.
    Unterminated,
    /// The front matter is not a mapping that can be read.
    FrontMatter,
    /// A marker without its partner.
    Unbalanced,
    /// A marker inside a block.
    Nested,
    /// A comment that resembles a marker.
    Malformed,
    /// A conflict that git left.
    Conflict,
}

/// One syntax error.
#[derive(Clone, Debug)]
pub struct SyntaxError {
    /// Which rule speaks of it.
    pub kind: SyntaxErrorKind,
    /// Where it is.
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// The way out.
    pub help: String,
    /// The text that replaces the span as a fix.
    pub replacement: Option<String>,
}

impl SyntaxError {
    /// A fault of a kind at a place.
    pub fn new(kind: SyntaxErrorKind, span: Span, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { kind, span, message: message.into(), help: help.into(), replacement: None }
    }
}
