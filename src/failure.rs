//! What can go wrong with phx itself, as opposed to what it finds: kind, hints, exit code.

use std::fmt;

use crate::text::printable;

/// The process ended well and found nothing.
pub const CLEAN: u8 = 0;
/// Findings that block.
pub const FINDINGS: u8 = 1;
/// Nothing was found out.
pub const NO_VERDICT: u8 = 3;
/// Somebody interrupted it.
pub const INTERRUPTED: u8 = 130;

/// Why phx cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// Called wrongly, or the configuration is wrong.
    Usage,
    /// The repository or a named directory holds nothing governed.
    Nothing,
    /// phx itself failed.
    Internal,
}

/// An error of phx, not of a document.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Why.
    pub kind: FailureKind,
    /// What happened: lower case, no full stop.
    pub message: String,
    /// The ways out.
    pub hints: Vec<String>,
}

impl Failure {
    /// Called wrongly, or wrongly configured.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Usage, message)
    }

    /// Nothing governed.
    pub fn nothing(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Nothing, message)
    }

    /// phx itself failed.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Internal, message)
    }

    fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hints: Vec::new() }
    }

    /// With a way out.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The exit code that says so.
    pub fn exit_code(&self) -> u8 {
        match self.kind {
            FailureKind::Usage => 2,
            FailureKind::Nothing => 3,
            FailureKind::Internal => 4,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", printable::line(&self.message))?;
        for hint in &self.hints {
            write!(f, "\n  help: {}", printable::line(hint))?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}
