//! Merges files with `git merge-file` and manages the merge driver registration of a clone.

use std::path::Path;

use super::{command, run};

/// Merges a file. Returns the merged bytes and whether they have conflicts. `size` is the length of the conflict
/// markers.
pub fn files(root: &Path, base: &Path, ours: &Path, theirs: &Path, size: usize) -> Result<(Vec<u8>, bool), String> {
    let mut merge = command(root, &["merge-file", "-p", "-L", "ours", "-L", "base", "-L", "theirs"]);
    merge.arg(format!("--marker-size={size}")).args([ours, base, theirs]);
    let output = merge.output().map_err(|error| format!("cannot run `git`: {error}"))?;
    match output.status.code() {
        Some(0) => Ok((output.stdout, false)),
        // The exit code is the number of conflicts, at most 127. Greater values are errors.
        Some(1..=127) => Ok((output.stdout, true)),
        _ => Err(String::from_utf8_lossy(&output.stderr).lines().next().unwrap_or("git failed").to_owned()),
    }
}

/// Returns the command of the merge driver `phx`, if it is registered in the clone.
pub fn driver(root: &Path) -> Option<String> {
    let printed = run(command(root, &["config", "--local", "--get", "merge.phx.driver"])).ok()?;
    Some(String::from_utf8_lossy(&printed).trim_end_matches('\n').to_owned())
}

/// Registers the merge driver `phx` in a clone.
pub fn register(root: &Path, driver: &str) -> Result<(), String> {
    let name = "merges stamps, review dates and AUTO blocks of phx documents";
    run(command(root, &["config", "--local", "merge.phx.name", name]))?;
    run(command(root, &["config", "--local", "merge.phx.driver", driver])).map(drop)
}

/// Removes the merge driver from a clone. Returns whether it was registered.
pub fn unregister(root: &Path) -> Result<bool, String> {
    if driver(root).is_none() {
        return Ok(false);
    }
    run(command(root, &["config", "--local", "--remove-section", "merge.phx"])).map(|_| true)
}

/// Returns whether the Git attributes assign the merge driver to a file.
pub fn is_named(root: &Path, path: &str) -> bool {
    let printed = run(command(root, &["check-attr", "-z", "merge", "--", path])).unwrap_or_default();
    printed.split(|byte| *byte == 0).nth(2) == Some(b"phx")
}
