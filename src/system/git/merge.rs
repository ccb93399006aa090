//! Merging files as Git does, and the merge driver that a clone registers.

use std::path::Path;

use super::{command, run};

/// Merges a file: the merged text, and whether it has conflicts. `size` is how long the lines are that mark them.
///
/// # Errors
/// What Git says.
pub fn files(root: &Path, base: &Path, ours: &Path, theirs: &Path, size: usize) -> Result<(Vec<u8>, bool), String> {
    let mut merge = command(root, &["merge-file", "-p", "-L", "ours", "-L", "base", "-L", "theirs"]);
    merge.arg(format!("--marker-size={size}")).args([ours, base, theirs]);
    let output = merge.output().map_err(|error| format!("git cannot be started: {error}"))?;
    match output.status.code() {
        Some(0) => Ok((output.stdout, false)),
        // As many conflicts, 127 at most; beyond is an error.
        Some(1..=127) => Ok((output.stdout, true)),
        _ => Err(String::from_utf8_lossy(&output.stderr).lines().next().unwrap_or("git failed").to_owned()),
    }
}

/// The command of the merge driver `phx` that a clone registers, if it does.
pub fn driver(root: &Path) -> Option<String> {
    let printed = run(command(root, &["config", "--local", "--get", "merge.phx.driver"])).ok()?;
    Some(String::from_utf8_lossy(&printed).trim_end_matches('\n').to_owned())
}

/// Registers the merge driver in a clone.
///
/// # Errors
/// What Git says.
pub fn register(root: &Path, driver: &str) -> Result<(), String> {
    let name = "keeps stamps and AUTO blocks of phx out of conflicts";
    run(command(root, &["config", "--local", "merge.phx.name", name]))?;
    run(command(root, &["config", "--local", "merge.phx.driver", driver])).map(drop)
}

/// Removes the merge driver from a clone; whether there was one.
///
/// # Errors
/// What Git says.
pub fn unregister(root: &Path) -> Result<bool, String> {
    if driver(root).is_none() {
        return Ok(false);
    }
    run(command(root, &["config", "--local", "--remove-section", "merge.phx"])).map(|_| true)
}

/// Whether Git's attributes name the driver for a file.
pub fn is_named(root: &Path, path: &str) -> bool {
    let printed = run(command(root, &["check-attr", "-z", "merge", "--", path])).unwrap_or_default();
    printed.split(|byte| *byte == 0).nth(2) == Some(b"phx")
}
