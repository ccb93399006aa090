//! Syntax errors, which are returned together with the parsed document.

use crate::text::Span;

/// Kind of a syntax error; each is reported by one rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyntaxErrorKind {
    /// Bytes that are not UTF-8, or a NUL byte.
    Encoding,
    /// A limit of the format is exceeded.
    Oversized,
    /// The front matter is never closed.
    Unterminated,
    /// The front matter cannot be parsed, or is not a mapping.
    FrontMatter,
    /// An AUTO or END marker without its counterpart, or with another name.
    Unbalanced,
    /// A marker inside an AUTO block.
    Nested,
    /// A comment that resembles a marker but does not follow the grammar.
    Malformed,
    /// An unresolved Git conflict.
    Conflict,
}

#[derive(Clone, Debug)]
pub struct SyntaxError {
    pub kind: SyntaxErrorKind,
    pub span: Span,
    pub message: String,
    /// Instruction that resolves the error.
    pub help: String,
    /// Fix: text that replaces the span.
    pub replacement: Option<String>,
}

impl SyntaxError {
    pub fn new(kind: SyntaxErrorKind, span: Span, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { kind, span, message: message.into(), help: help.into(), replacement: None }
    }
}
