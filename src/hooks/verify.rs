//! Whether the ledger is what it claims to be, and no more than that: records are well formed and bear the names that they
//! say, and none is lost or changed on the way from one commit to another.

use std::path::Path;

use crate::failure::Failure;
use crate::ledger;
use crate::system::git::history;
use crate::system::git::objects::{self, Change};
use crate::workspace::Project;
use crate::workspace::project::inside;

/// How many records there are, and what is wrong with which, by path from the root.
pub fn ledger(root: &Path, project: &Project, range: Option<&str>) -> Result<(usize, Vec<(String, String)>), Failure> {
    let base = project.base_path();
    let unreadable = |error: std::io::Error| Failure::usage(format!("the ledger cannot be read: {error}"));
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
        problems.extend(lost(root, &base, range)?);
    }
    Ok((count, problems))
}

/// The records of the first commit that the second has no more, or not as they were, unless a revert between them names them.
fn lost(root: &Path, base: &str, range: &str) -> Result<Vec<(String, String)>, Failure> {
    let failed = |why: String| {
        Failure::usage(format!("git does not know the range `{range}`: {why}"))
            .hint("a range is `A..B`, as `origin/main..HEAD`")
    };
    let parts = range.split_once("..").filter(|(old, new)| !old.is_empty() && !new.starts_with('.'));
    let (old, new) = parts.ok_or_else(|| failed("it is not two revisions with `..` between".to_owned()))?;
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
    // A revert takes a record away; nothing makes another one of it.
    let reverted = |change: &Change| {
        let names = |commit: &history::Commit| reverts(root, &commit.message, &change.path);
        change.new.is_none() && between.iter().any(names)
    };
    let problem = |change: Change| {
        let what = if change.new.is_none() { "it is gone" } else { "it is not what it was" };
        (change.path, format!("{what}, and no revert in {range} names it"))
    };
    Ok(changes.into_iter().filter(|change| !reverted(change)).map(problem).collect())
}

/// Whether a message says that it reverts a commit which added the record.
fn reverts(root: &Path, message: &str, path: &str) -> bool {
    let named = message.lines().filter_map(|line| line.trim().strip_prefix("This reverts commit "));
    let ids = named.filter_map(|rest| rest.split(|c: char| !c.is_ascii_hexdigit()).next());
    let adds = |id: &str| {
        let changes = objects::between(root, &format!("{id}^"), id).unwrap_or_default();
        changes.iter().any(|change| change.path == path && change.old.is_none())
    };
    ids.into_iter().any(adds)
}
