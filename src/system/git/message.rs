//! Processes commit messages with Git itself, as bytes in any encoding.

use std::path::Path;

use super::{command, run, run_with_stdin};

/// Removes comments from a message. `core.commentChar` applies.
pub fn without_comments(root: &Path, message: &[u8]) -> Result<Vec<u8>, String> {
    run_with_stdin(command(root, &["stripspace", "--strip-comments"]), message)
}

/// Returns whether a message without comments equals the configured `commit.template`.
pub fn is_template(root: &Path, message: &[u8]) -> bool {
    let Ok(named) = run(command(root, &["config", "--type=path", "commit.template"])) else {
        return false;
    };
    let named = String::from_utf8_lossy(&named).trim_end().to_owned();
    let Ok(template) = std::fs::read(root.join(named)) else {
        return false;
    };
    without_comments(root, &template).is_ok_and(|template| template == message)
}

/// Adds trailers to a message, without duplicates.
pub fn with_trailers(root: &Path, message: &[u8], trailers: &[String]) -> Result<Vec<u8>, String> {
    let mut interpret = command(root, &["interpret-trailers", "--no-divider", "--if-exists", "addIfDifferent"]);
    for trailer in trailers {
        interpret.arg("--trailer").arg(trailer);
    }
    run_with_stdin(interpret, message)
}
