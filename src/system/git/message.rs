//! Commit messages, as git itself reads and completes them.

use std::path::Path;

use super::{command, feed, run};

/// A message without comments, whatever character starts them here.
///
/// # Errors
/// What git says.
pub fn without_comments(root: &Path, message: &str) -> Result<String, String> {
    let stripped = feed(command(root, &["stripspace", "--strip-comments"]), message.as_bytes())?;
    Ok(String::from_utf8_lossy(&stripped).into_owned())
}

/// Whether a message without comments is the template that the user configured.
pub fn is_template(root: &Path, said: &str) -> bool {
    let Ok(named) = run(command(root, &["config", "--type=path", "commit.template"])) else {
        return false;
    };
    let named = String::from_utf8_lossy(&named).trim_end().to_owned();
    let Ok(template) = std::fs::read_to_string(root.join(named)) else {
        return false;
    };
    without_comments(root, &template).is_ok_and(|template| template == said)
}

/// A message with trailers, each of them once.
///
/// # Errors
/// What git says.
pub fn with_trailers(root: &Path, message: &str, trailers: &[String]) -> Result<String, String> {
    let mut interpret = command(root, &["interpret-trailers", "--no-divider", "--if-exists", "addIfDifferent"]);
    for trailer in trailers {
        interpret.arg("--trailer").arg(trailer);
    }
    let completed = feed(interpret, message.as_bytes())?;
    Ok(String::from_utf8_lossy(&completed).into_owned())
}
