//! Variables, streams and the command line.

use std::io::IsTerminal;

/// The value of an environment variable, if it is set, not empty, and text.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// How many columns the terminal has that standard output is; nothing if it is none.
pub fn stdout_width() -> Option<usize> {
    if !std::io::stdout().is_terminal() {
        return None;
    }
    let (terminal_size::Width(columns), _) = terminal_size::terminal_size()?;
    Some(usize::from(columns)).filter(|columns| *columns >= 20)
}

/// Whether a person can answer on standard input.
pub fn stdin_is_terminal() -> bool {
    std::io::stdin().is_terminal()
}

/// Whether a person reads standard output.
pub fn stdout_is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// Whether a person reads standard error.
pub fn stderr_is_terminal() -> bool {
    std::io::stderr().is_terminal()
}

/// The value of an environment variable, also an empty one.
pub fn given(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

/// Where the program is that runs.
///
/// # Errors
/// As the system says.
pub fn program() -> std::io::Result<std::path::PathBuf> {
    std::env::current_exe()
}

/// Whether this is root.
#[cfg(unix)]
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Whether this is root: there is none here.
#[cfg(not(unix))]
pub fn is_root() -> bool {
    false
}
