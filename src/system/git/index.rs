//! Changes entries of the index on a copy, and replaces the index by the copy under Git's own lock if it has not
//! changed since.

use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use super::git_dirs::{GitDirs, IndexKind};
use super::objects::{self, Change, Object};
use super::{command, run, run_with_stdin};
use crate::system::turn;

/// Number of attempts if other processes change the index concurrently.
const ATTEMPTS: usize = 3;

/// Reason why entries were not changed. The index is unchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IndexError {
    /// Another Git process holds the lock.
    Locked,
    /// The entry of this path has changed; the whole index if the path is empty.
    Changed(String),
    /// A change could lose data or flags, for this reason.
    Harm(&'static str),
    System(String),
}

impl From<io::Error> for IndexError {
    fn from(error: io::Error) -> Self {
        Self::System(error.to_string().to_lowercase())
    }
}

/// Inode, size and modification time, which identify a version of the index: Git writes each new index as a new file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Identity(u64, u64, Option<std::time::SystemTime>);

impl Identity {
    fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(metadata);
        #[cfg(not(unix))]
        let inode = 0;
        Self(inode, metadata.len(), metadata.modified().ok())
    }
}

/// Temporary copy of an index with changed entries. It is removed on drop.
#[derive(Debug)]
struct Copy {
    /// Index that was copied.
    of: PathBuf,
    path: PathBuf,
    identity: Identity,
}

impl Drop for Copy {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Copy {
    /// Copies an index and changes entries in the copy. Each entry must equal the old value of its change.
    fn make(root: &Path, of: &Path, folder: &Path, changes: &[Change]) -> Result<Self, IndexError> {
        let name = of.file_name().unwrap_or_default().to_string_lossy();
        let path = folder.join(format!("copy-{name}.{}", std::process::id()));
        let identity = Identity::of(&std::fs::metadata(of)?);
        let copy = Self { of: of.to_path_buf(), path, identity };
        std::fs::copy(of, &copy.path)?;
        // Hooks such as `post-index-change` must not run for the copy.
        let arguments = ["-c", "core.hooksPath=/dev/null", "update-index", "-z", "--index-info"];
        let mut update = command(root, &arguments);
        update.env("GIT_INDEX_FILE", &copy.path).env_remove("GIT_OPTIONAL_LOCKS");
        let line = |change: &Change| match &change.new {
            Some(Object { mode, id }) => format!("{mode} {id}\t{}\0", change.path),
            None => format!("0 {}\t{}\0", "0".repeat(40), change.path),
        };
        let lines: String = changes.iter().map(line).collect();
        // The entries of the original index are read again while the copy is written.
        let paths = || changes.iter().map(|change| change.path.as_str());
        let (entries, updated) = std::thread::scope(|scope| {
            let entries = scope.spawn(|| objects::index_entries_with_flags(root, of, paths()));
            let updated = run_with_stdin(update, lines.as_bytes());
            (entries.join().unwrap_or_else(|_| Err("cannot list the entries of the index".to_owned())), updated)
        });
        let entries = entries.map_err(IndexError::System)?;
        updated.map_err(IndexError::System)?;
        for change in changes {
            let entry = entries.get(&change.path);
            if entry.map(|(_, object)| object) != change.old.as_ref() {
                return Err(IndexError::Changed(change.path.clone()));
            }
            // A new entry would lose the flags of the old one.
            if entry.is_some_and(|(flag, _)| *flag != 'H') {
                return Err(IndexError::Harm("the file is marked `skip-worktree` or `assume-unchanged` in the index"));
            }
        }
        Ok(copy)
    }

    /// Replaces an index for which the running Git command already holds the lock.
    fn take_place(&self) -> Result<(), IndexError> {
        if Identity::of(&std::fs::metadata(&self.of)?) != self.identity {
            return Err(IndexError::Changed(String::new()));
        }
        Ok(std::fs::rename(&self.path, &self.of)?)
    }

    /// Takes the lock of an index and replaces it.
    fn take_place_locked(&self) -> Result<(), IndexError> {
        let mut lock = self.of.clone().into_os_string();
        lock.push(".lock");
        let lock = PathBuf::from(lock);
        // The copy itself becomes the lock file, so that the lock is held only briefly.
        match std::fs::hard_link(&self.path, &lock) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(IndexError::Locked),
            Err(_) => {
                File::create_new(&lock).map_err(|error| match error.kind() {
                    io::ErrorKind::AlreadyExists => IndexError::Locked,
                    _ => error.into(),
                })?;
                std::fs::copy(&self.path, &lock)?;
            }
        }
        let same = std::fs::metadata(&self.of).is_ok_and(|metadata| Identity::of(&metadata) == self.identity);
        let done = if same {
            std::fs::rename(&lock, &self.of).map_err(IndexError::from)
        } else {
            Err(IndexError::Changed(String::new()))
        };
        if done.is_err() {
            let _ = std::fs::remove_file(&lock);
        }
        done
    }
}

/// Prepared change of entries, in every index file that a commit uses.
#[derive(Debug)]
pub struct Swap<'a> {
    root: &'a Path,
    place: &'a GitDirs,
    changes: &'a [Change],
}

impl<'a> Swap<'a> {
    /// Verifies that the index in use can be changed safely.
    pub fn prepare(root: &'a Path, place: &'a GitDirs, changes: &'a [Change]) -> Result<Self, IndexError> {
        match place.index_kind() {
            IndexKind::Foreign => {
                Err(IndexError::Harm("`GIT_INDEX_FILE` names an index that does not belong to this worktree"))
            }
            IndexKind::Partial if !place.own.join("index.lock").exists() => {
                Err(IndexError::Harm("this is a partial commit, and git has not written `index.lock` yet"))
            }
            _ => Ok(Self { root, place, changes }),
        }
    }

    /// Changes the entries if each of them still has its old value.
    pub fn finish(&self) -> Result<(), IndexError> {
        let folder = self.place.own.join("phx");
        // Only one phx runs at a time, so existing copies are leftovers.
        let lock = turn::acquire(&self.place.own, "lock")?;
        if lock.is_none() {
            return Err(IndexError::Harm("another phx is changing the index of this repository"));
        }
        remove_leftovers(&folder);
        self.swap(&folder)
    }

    fn swap(&self, folder: &Path) -> Result<(), IndexError> {
        let index = &self.place.index;
        match self.place.index_kind() {
            IndexKind::Own => {
                let mut last = IndexError::Locked;
                for _ in 0..ATTEMPTS {
                    match Copy::make(self.root, index, folder, self.changes)?.take_place_locked() {
                        // Another process changed the index, but perhaps not these entries: retry.
                        Err(IndexError::Changed(path)) if path.is_empty() => last = IndexError::Changed(path),
                        done => return done,
                    }
                }
                Err(last)
            }
            // Git itself holds the lock while its hooks run.
            IndexKind::Next => Copy::make(self.root, index, folder, self.changes)?.take_place(),
            IndexKind::Partial => {
                let own = Copy::make(self.root, index, folder, self.changes)?;
                let next = Copy::make(self.root, &self.place.own.join("index.lock"), folder, self.changes)?;
                next.take_place()?;
                own.take_place()
            }
            IndexKind::Foreign => {
                Err(IndexError::Harm("`GIT_INDEX_FILE` names an index that does not belong to this worktree"))
            }
        }
    }
}

/// Removes the copies that killed processes left.
fn remove_leftovers(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with("copy-") {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Stores bytes as a blob without filters. Returns its id.
pub fn store(root: &Path, bytes: &[u8]) -> Result<String, String> {
    id(run_with_stdin(command(root, &["hash-object", "-w", "--no-filters", "--stdin"]), bytes)?)
}

/// Computes the blob id of bytes without filters.
pub fn plain_id(root: &Path, bytes: &[u8]) -> Result<String, String> {
    id(run_with_stdin(command(root, &["hash-object", "--no-filters", "--stdin"]), bytes)?)
}

/// Stores bytes as the blob that `git add` would create at a path, with filters. Returns its id.
pub fn store_cleaned(root: &Path, path: &str, bytes: &[u8]) -> Result<String, String> {
    id(run_with_stdin(command(root, &["hash-object", "-w", "--stdin", &format!("--path={path}")]), bytes)?)
}

/// Computes the id of the blob that `git add` would create at a path, with filters.
pub fn cleaned_id(root: &Path, path: &str, bytes: &[u8]) -> Result<String, String> {
    id(run_with_stdin(command(root, &["hash-object", "--stdin", &format!("--path={path}")]), bytes)?)
}

/// Returns the bytes that Git would check out for a blob at a path, with filters.
pub fn checked_out(root: &Path, path: &str, blob: &str) -> Result<Vec<u8>, String> {
    run(command(root, &["cat-file", "--filters", &format!("--path={path}"), blob]))
}

fn id(printed: Vec<u8>) -> Result<String, String> {
    String::from_utf8(printed)
        .map(|id| id.trim().to_owned())
        .map_err(|_| "`git hash-object` printed an invalid id".to_owned())
}
