//! `phx merge-driver`: merges three versions of a document for Git.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::program;
use super::session::Session;
use crate::cli::MergeDriverArgs;
use crate::failure::{CLEAN, FINDINGS, Failure};
use crate::regen::facts::{Facts, MeasuredFacts};
use crate::regen::plan::Sources;
use crate::system::disk;
use crate::system::git::git_dirs::GitDirs;
use crate::system::git::merge;
use crate::workspace::merging::{Texts, Versions};
use crate::workspace::{Origin, Project};

/// Runs the command. If the document cannot be merged as such, the result is that of Git's text merge.
pub(super) fn run(session: &Session, arguments: &MergeDriverArgs) -> Result<u8, Failure> {
    let cwd = disk::working_directory()
        .map_err(|error| Failure::usage(format!("cannot access the working directory: {}", disk::explain(&error))))?;
    let (merged, has_conflicts) = match merged(session, arguments, &cwd) {
        Ok(Some(merged)) => merged,
        Ok(None) => plain(arguments, &cwd)?,
        Err(why) => {
            let (merged, _) = plain(arguments, &cwd)?;
            disk::write_stderr(&format!("phx: merged `{}` as plain text: {why}", arguments.path));
            (merged, true)
        }
    };
    disk::replace(&cwd.join(&arguments.ours), &merged).map_err(|error| {
        Failure::internal(format!("cannot write `{}`: {}", arguments.ours.display(), disk::explain(&error)))
    })?;
    Ok(if has_conflicts { FINDINGS } else { CLEAN })
}

/// Merged content, and whether it contains conflicts.
type Merged = (Vec<u8>, bool);

/// Merges the three files as text with Git.
fn plain(arguments: &MergeDriverArgs, cwd: &Path) -> Result<Merged, Failure> {
    merge::files(cwd, &arguments.base, &arguments.ours, &arguments.theirs, arguments.marker_size)
        .map_err(|why| Failure::usage(format!("git cannot merge `{}`: {why}", arguments.path)))
}

/// Merges the three versions as documents. Returns `None` if a version is not a document or the result is not valid.
fn merged(session: &Session, arguments: &MergeDriverArgs, cwd: &Path) -> Result<Option<Merged>, String> {
    let project = session.project_from(&Origin::Worktree).map_err(|failure| failure.message)?;
    let read = |path: &PathBuf| {
        let bytes = disk::read_optional(&cwd.join(path)).map_err(|error| disk::explain(&error))?;
        bytes.ok_or_else(|| format!("`{}` is missing", path.display()))
    };
    let versions = [read(&arguments.base)?, read(&arguments.ours)?, read(&arguments.theirs)?];
    let facts = Arc::new(Facts::new(&project.config, program::facts).at(session.now));
    let measured = Arc::new(MeasuredFacts::default());
    let sources = Sources { library: &project.library, facts: &facts, measured: &measured };
    let Some(versions) = Versions::read(&project, &arguments.path, versions, sources) else { return Ok(None) };
    let Some(texts) = versions.with_base_parts() else { return Ok(None) };
    let (merged, has_conflicts) = merged_texts(&project, &texts, arguments.marker_size)?;
    let Ok(merged) = String::from_utf8(merged) else { return Ok(None) };
    // A conflict may split a block. The caller then uses the text merge of Git.
    let completed = versions.insert_parts(&project, &merged, has_conflicts);
    Ok(completed.map(|text| (text.into_bytes(), has_conflicts)))
}

/// Merges three texts with Git, which requires temporary files.
fn merged_texts(project: &Project, texts: &Texts, marker_size: usize) -> Result<Merged, String> {
    let git_dirs = GitDirs::find(&project.root).ok_or("not in a Git repository")?;
    let folder = git_dirs.own.join("phx").join(format!("merge-{}", std::process::id()));
    let files = ["base", "ours", "theirs"].map(|name| folder.join(name));
    let written = files.iter().zip(texts).try_for_each(|(file, text)| disk::replace_unsynced(file, text.as_bytes()));
    let merged = written
        .map_err(|error| format!("cannot write to `{}`: {}", folder.display(), disk::explain(&error)))
        .and_then(|()| merge::files(&project.root, &files[0], &files[1], &files[2], marker_size));
    disk::remove_tree(&folder);
    merged
}
