//! Walks the files of a worktree on several threads, and skips what Git ignores.

use std::path::{Path, PathBuf};

use ignore::{DirEntry, WalkBuilder, WalkState};

/// Entry found by a walk.
#[derive(Debug)]
pub enum WalkEntry {
    File(PathBuf),
    Link(PathBuf),
    /// Directory or file that cannot be read.
    Unreadable {
        path: PathBuf,
        why: String,
    },
}

/// Walks the files below `root`, including hidden ones. Skips `.git`, ignored files, submodules and nested
/// repositories. `visit` is called for paths that `wanted` accepts, on several threads and in no particular order.
pub fn walk(root: &Path, wanted: &(dyn Fn(&Path) -> bool + Sync), visit: &(dyn Fn(WalkEntry) + Sync)) {
    let threads = std::thread::available_parallelism().map_or(2, usize::from).min(12);
    let is_repository = is_repository(root) || root.ancestors().skip(1).any(is_repository);
    let is_other = move |entry: &DirEntry| {
        let is_folder = entry.depth() > 0 && entry.file_type().is_some_and(|kind| kind.is_dir());
        is_repository && is_folder && self::is_repository(entry.path())
    };
    let walker = WalkBuilder::new(root)
        .hidden(false)
        .follow_links(false)
        .git_global(false)
        .ignore(false)
        .threads(threads)
        .filter_entry(move |entry| entry.file_name() != ".git" && !is_other(entry))
        .build_parallel();
    walker.run(|| {
        Box::new(move |entry| {
            match entry {
                Ok(entry) => visit_entry(entry, wanted, visit),
                Err(error) => visit(unreadable(&error)),
            }
            WalkState::Continue
        })
    });
}

/// Returns whether a folder is the root of a repository or a submodule.
pub fn is_repository(folder: &Path) -> bool {
    folder.join(".git").exists()
}

/// Returns the paths of the files that [`walk`] finds, relative to `root`, with `/` as the separator.
pub fn files(root: &Path) -> Vec<String> {
    let found = std::sync::Mutex::new(Vec::new());
    walk(root, &|_| true, &|entry| {
        if let WalkEntry::File(path) = entry
            && let Ok(below) = path.strip_prefix(root)
        {
            let below = below.to_string_lossy().replace('\\', "/");
            found.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(below);
        }
    });
    found.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn visit_entry(entry: DirEntry, wanted: &(dyn Fn(&Path) -> bool + Sync), visit: &(dyn Fn(WalkEntry) + Sync)) {
    let Some(kind) = entry.file_type() else {
        return;
    };
    if !(kind.is_file() || kind.is_symlink()) || !wanted(entry.path()) {
        return;
    }
    let path = entry.into_path();
    visit(if kind.is_symlink() { WalkEntry::Link(path) } else { WalkEntry::File(path) });
}

fn unreadable(error: &ignore::Error) -> WalkEntry {
    fn path_of(error: &ignore::Error) -> PathBuf {
        match error {
            ignore::Error::WithPath { path, .. } => path.clone(),
            ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => path_of(err),
            ignore::Error::Loop { child, .. } => child.clone(),
            ignore::Error::Partial(errors) => errors.first().map(path_of).unwrap_or_default(),
            _ => PathBuf::new(),
        }
    }
    let why = error.io_error().map_or_else(|| error.to_string(), super::disk::explain);
    WalkEntry::Unreadable { path: path_of(error), why }
}
