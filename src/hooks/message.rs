//! Adds trailers to commit messages (`commit-msg` hook): new stamps and the override of the commit.

use std::path::Path;

use super::overrides::{OVERRIDE_TRAILER, STAMP_TRAILER, overrides, stamps};
use super::stamps::StagedStamp;
use crate::document::values;
use crate::failure::Failure;
use crate::system::disk;
use crate::system::git::message as git;

/// Scissors line of `git commit --verbose`: the rest of the message is not part of the commit.
const SCISSORS: &[u8] = b"------------------------ >8 ------------------------";

/// Adds trailers to the message in a file. A message that is empty except for comments stays unchanged, so that the
/// user can still abort the commit with an empty message.
pub(crate) fn add(root: &Path, file: &Path, stamped: &[StagedStamp], overridden: Option<&str>) -> Result<(), Failure> {
    let shown = file.display();
    let failed = |why: String| Failure::internal(format!("cannot add trailers to the commit message `{shown}`: {why}"));
    let bytes = disk::read_optional(file).map_err(|error| failed(disk::explain(&error)))?;
    let Some(bytes) = bytes else {
        return Err(Failure::usage(format!("commit message file `{shown}` does not exist")));
    };
    let lines = || bytes.split_inclusive(|byte| *byte == b'\n');
    let is_scissors = |line: &&[u8]| memchr::memmem::find(line, SCISSORS).is_some();
    let message: Vec<u8> = lines().take_while(|line| !is_scissors(line)).flatten().copied().collect();
    let text = git::without_comments(root, &message).map_err(failed)?;
    if text.trim_ascii().is_empty() || git::is_template(root, &text) {
        return Ok(());
    }
    let is_replaced = |line: &&[u8]| {
        let line = String::from_utf8_lossy(line);
        let replaced = stamps(&line).iter().any(|id| stamped.iter().any(|stamp| stamp.old.as_ref() == Some(id)));
        replaced || (overridden.is_some() && !overrides(&line).is_empty())
    };
    let remaining: Vec<u8> = lines().filter(|line| !is_replaced(line)).flatten().copied().collect();
    // A value that is not a UUID could inject other trailers.
    let ids = stamped.iter().map(|stamp| stamp.id.as_str()).filter(|id| values::uuid_problem(id).is_none());
    let mut trailers: Vec<String> = ids.map(|id| format!("{STAMP_TRAILER}: {id}")).collect();
    trailers.dedup();
    trailers.extend(overridden.map(|text| format!("{OVERRIDE_TRAILER}: {text}")));
    let completed = git::with_trailers(root, &remaining, &trailers).map_err(failed)?;
    if completed != bytes {
        disk::replace_unsynced(file, &completed).map_err(|error| failed(disk::explain(&error)))?;
    }
    Ok(())
}
