//! Environment variables, terminals, the path of the executable and the user.

use std::io::IsTerminal;

/// Returns the value of an environment variable if it is set, not empty and valid Unicode.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Returns the width of the terminal in columns. `None` if standard output is not a terminal or has fewer than 20
/// columns.
pub fn stdout_width() -> Option<usize> {
    if !std::io::stdout().is_terminal() {
        return None;
    }
    let (terminal_size::Width(columns), _) = terminal_size::terminal_size()?;
    Some(usize::from(columns)).filter(|columns| *columns >= 20)
}

pub fn stdin_is_terminal() -> bool {
    std::io::stdin().is_terminal()
}

pub fn stdout_is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

pub fn stderr_is_terminal() -> bool {
    std::io::stderr().is_terminal()
}

/// Returns the value of an environment variable, even if it is empty. Invalid Unicode is replaced.
pub fn raw_variable(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

/// Returns the path of the running executable.
pub fn program() -> std::io::Result<std::path::PathBuf> {
    std::env::current_exe()
}

/// Returns whether the effective user is root.
#[cfg(unix)]
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Returns `false`: there is no root user on this platform.
#[cfg(not(unix))]
pub fn is_root() -> bool {
    false
}
