//! New stamps of a commit, and their records in the ledger.

use std::collections::BTreeSet;

use crate::ledger;
use crate::system::disk;
use crate::system::git::git_dirs::GitDirs;
use crate::system::git::objects;
use crate::workspace::Project;

/// New stamp of a commit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StagedStamp {
    /// Correlation ID.
    pub id: String,
    /// Correlation ID that it replaces.
    pub old: Option<String>,
}

/// Returns the new stamps of the staged documents.
pub(crate) fn staged(project: &Project) -> Vec<StagedStamp> {
    let id = |object: &Option<objects::Object>, path: &str| {
        let object = object.as_ref().filter(|object| object.is_file())?;
        let document = project.load_object(&object.id, path)?;
        document.governance.correlation_id().map(|id| id.value.to_owned())
    };
    let changes =
        project.store.changes().iter().filter(|change| project.may_be_governed(&project.root.join(&change.path)));
    let new = |change: &objects::Change| {
        let (old, id) = (id(&change.old, &change.path), id(&change.new, &change.path)?);
        (old.as_ref() != Some(&id)).then_some(StagedStamp { id, old })
    };
    let stamps: BTreeSet<StagedStamp> = changes.filter_map(new).collect();
    // A document that was only moved keeps its stamp.
    let moved = |id: &str| {
        let gone = project.store.changes().iter().filter(|change| change.new.is_none());
        gone.into_iter().any(|change| id_of(project, change) == Some(id.to_owned()))
    };
    stamps.into_iter().filter(|stamp| stamp.old.is_some() || !moved(&stamp.id)).collect()
}

fn id_of(project: &Project, change: &objects::Change) -> Option<String> {
    let document = project.load_object(&change.old.as_ref()?.id, &change.path)?;
    document.governance.correlation_id().map(|id| id.value.to_owned())
}

/// Writes the new IDs to `phx/stamps` in the Git directory, or removes that file. The `commit-msg` script starts phx
/// only if the file exists or an override is set.
pub(crate) fn write_stamp_file(place: &GitDirs, stamps: &[StagedStamp]) {
    let file = place.own.join("phx").join("stamps");
    if !stamps.is_empty() {
        let ids = stamps.iter().fold(String::new(), |all, stamp| all + &stamp.id + "\n");
        let _ = disk::replace_unsynced(&file, ids.as_bytes());
    } else if disk::exists(&file) {
        let _ = disk::remove(&file);
    }
}

/// Returns the records of new stamps that are in the worktree but not staged.
pub(crate) fn unstaged_records(project: &Project, stamps: &[StagedStamp]) -> Vec<String> {
    let files: BTreeSet<String> =
        stamps.iter().filter_map(|stamp| ledger::file_of(&stamp.id)).map(|file| project.inside(&file)).collect();
    let is_left = |file: &String| {
        let staged = project.store.read(file).is_ok_and(|bytes| bytes.is_some());
        !staged && disk::exists(&project.root.join(file))
    };
    files.into_iter().filter(is_left).collect()
}
