//! Errors of phx itself (not findings), with help and exit codes.

use std::fmt;

use crate::text::printable;

/// Exit code of success without findings that fail.
pub const CLEAN: u8 = 0;
/// Exit code if findings fail the run.
pub const FINDINGS: u8 = 1;
/// Exit code of `phx doctor` if a check was inconclusive or no check ran.
pub const NO_VERDICT: u8 = 3;
/// Exit code after an interruption (128 + SIGINT).
pub const INTERRUPTED: u8 = 130;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// Usage or configuration error.
    Usage,
    /// No governed document found in the repository or a named directory.
    Nothing,
    /// Internal error in phx.
    Internal,
}

/// Error of phx itself, as opposed to a finding in a document.
#[derive(Clone, Debug)]
pub struct Failure {
    pub kind: FailureKind,
    /// Lower case, without a full stop.
    pub message: String,
    /// Instructions that resolve the failure, each printed after `help:`.
    pub hints: Vec<String>,
}

impl Failure {
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Usage, message)
    }

    pub fn nothing(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Nothing, message)
    }

    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Internal, message)
    }

    fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hints: Vec::new() }
    }

    /// Adds an instruction that resolves the failure.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

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
