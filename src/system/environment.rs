//! Variables, streams and the command line.

use std::io::IsTerminal;

/// The value of an environment variable, if it is set, not empty, and text.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Whether a person reads standard output.
pub fn stdout_is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// Whether a person reads standard error.
pub fn stderr_is_terminal() -> bool {
    std::io::stderr().is_terminal()
}
