//! What commit-msg adds to a message: the stamps that are new in the commit, and the override that let it pass.

use std::path::Path;

use super::overrides::{OVERRIDE_TRAILER, STAMP_TRAILER, overrides, stamps};
use super::stamps::StagedStamp;
use crate::document::values;
use crate::failure::Failure;
use crate::system::disk;
use crate::system::git::message as git;

/// What stands behind the line that cuts a message off (`git commit --verbose`).
const SCISSORS: &[u8] = b"------------------------ >8 ------------------------";

/// Adds trailers to the message in a file. A message that is empty but for comments stays as it is, or giving up would no
/// longer work.
///
/// # Errors
/// Where the file cannot be read or written.
pub fn add(root: &Path, file: &Path, stamped: &[StagedStamp], overridden: Option<&str>) -> Result<(), Failure> {
    let shown = file.display();
    let failed = |why: String| Failure::internal(format!("the commit message `{shown}` cannot be completed: {why}"));
    let bytes = disk::read_optional(file).map_err(|error| failed(disk::explain(&error)))?;
    let Some(bytes) = bytes else {
        return Err(Failure::usage(format!("there is no commit message `{shown}`")));
    };
    let lines = || bytes.split_inclusive(|byte| *byte == b'\n');
    let cuts = |line: &&[u8]| memchr::memmem::find(line, SCISSORS).is_some();
    let message: Vec<u8> = lines().take_while(|line| !cuts(line)).flatten().copied().collect();
    let said = git::without_comments(root, &message).map_err(failed)?;
    if said.trim_ascii().is_empty() || git::is_template(root, &said) {
        return Ok(());
    }
    let gone = |line: &&[u8]| {
        let line = String::from_utf8_lossy(line);
        let replaced = stamps(&line).iter().any(|id| stamped.iter().any(|stamp| stamp.old.as_ref() == Some(id)));
        replaced || (overridden.is_some() && !overrides(&line).is_empty())
    };
    let kept: Vec<u8> = lines().filter(|line| !gone(line)).flatten().copied().collect();
    // What is not an id could add trailers of its own.
    let ids = stamped.iter().map(|stamp| stamp.id.as_str()).filter(|id| values::uuid_problem(id).is_none());
    let mut trailers: Vec<String> = ids.map(|id| format!("{STAMP_TRAILER}: {id}")).collect();
    trailers.dedup();
    trailers.extend(overridden.map(|text| format!("{OVERRIDE_TRAILER}: {text}")));
    let completed = git::with_trailers(root, &kept, &trailers).map_err(failed)?;
    if completed != bytes {
        disk::keep(file, &completed).map_err(|error| failed(disk::explain(&error)))?;
    }
    Ok(())
}
