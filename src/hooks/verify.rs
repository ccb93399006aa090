//! Verifies the integrity of the ledger: records are well-formed and have the right file names, and none is removed or
//! changed between two commits.

use std::path::Path;

use crate::failure::Failure;
use crate::ledger;
use crate::system::git::history;
use crate::system::git::objects::{self, Change};
use crate::workspace::Project;
use crate::workspace::project::inside;

/// Returns the number of records, and the problems as pairs of path (relative to the root) and message.
pub(crate) fn ledger(
    root: &Path,
    project: &Project,
    range: Option<&str>,
) -> Result<(usize, Vec<(String, String)>), Failure> {
    let base = project.base_path();
    let unreadable = |error: std::io::Error| Failure::usage(format!("cannot read the ledger: {error}"));
    let mut count = 0;
    let mut problems = Vec::new();
    for (month, folder) in project.store.list(&inside(&base, ledger::FOLDER)).map_err(unreadable)? {
        for (name, path) in project.store.list(&folder).map_err(unreadable)? {
            count += 1;
            let bytes = project.store.read(&path).map_err(unreadable)?.unwrap_or_default();
            let own = format!("{}/{month}/{name}", ledger::FOLDER);
            problems.extend(ledger::problems(&own, &bytes).into_iter().map(|problem| (path.clone(), problem)));
        }
    }
    if let Some(range) = range {
        problems.extend(removed_or_changed(root, &base, range)?);
    }
    Ok((count, problems))
}

/// Returns the records of the first commit of a range that are missing or changed in the second. Records that a revert
/// in the range removed are not included.
fn removed_or_changed(root: &Path, base: &str, range: &str) -> Result<Vec<(String, String)>, Failure> {
    let failed = |why: String| {
        Failure::usage(format!("cannot read the range `{range}`: {why}"))
            .hint("write the range as `A..B`, such as `origin/main..HEAD`")
    };
    let parts = range.split_once("..").filter(|(old, new)| !old.is_empty() && !new.starts_with('.'));
    let (old, new) = parts.ok_or_else(|| failed("expected two revisions separated by `..`".to_owned()))?;
    let new = if new.is_empty() { "HEAD" } else { new };
    let (old, new) = (objects::commit(root, old).map_err(failed)?, objects::commit(root, new).map_err(failed)?);
    let is_record = |change: &Change| {
        let own = if base == "." { Some(change.path.as_str()) } else { change.path.strip_prefix(&format!("{base}/")) };
        own.is_some_and(ledger::is_record) && change.old.is_some()
    };
    let changes: Vec<Change> =
        objects::between(root, &old, &new).map_err(failed)?.into_iter().filter(is_record).collect();
    if changes.is_empty() {
        return Ok(Vec::new());
    }
    let between = history::commits(root, &[&format!("{old}..{new}")]).map_err(failed)?;
    // A revert may remove a record, but nothing may change it.
    let reverted = |change: &Change| {
        let names = |commit: &history::Commit| reverts(root, &commit.message, &change.path);
        change.new.is_none() && between.iter().any(names)
    };
    let problem = |change: Change| {
        let what =
            if change.new.is_none() { "record missing, and no revert in the range names it" } else { "record changed" };
        (change.path, format!("{what} ({range})"))
    };
    Ok(changes.into_iter().filter(|change| !reverted(change)).map(problem).collect())
}

/// Returns whether a commit message states that it reverts a commit which added the record.
fn reverts(root: &Path, message: &str, path: &str) -> bool {
    let named = message.lines().filter_map(|line| line.trim().strip_prefix("This reverts commit "));
    let ids = named.filter_map(|rest| rest.split(|c: char| !c.is_ascii_hexdigit()).next());
    let adds = |id: &str| {
        let changes = objects::between(root, &format!("{id}^"), id).unwrap_or_default();
        changes.iter().any(|change| change.path == path && change.old.is_none())
    };
    ids.into_iter().any(adds)
}
