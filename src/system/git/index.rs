//! Changing entries of the index: on a copy, which takes the index's place under git's own lock, and only if the index is
//! still what was copied.

use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use super::git_dirs::{GitDirs, IndexKind};
use super::objects::{self, Change, Object};
use super::{command, run, run_with_stdin};
use crate::system::turn;

/// How often the index may change under phx's hands before phx gives up.
const ATTEMPTS: usize = 3;

/// Why entries were not changed. The index is as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IndexError {
    /// Another git holds the lock.
    Locked,
    /// An entry is not what it was.
    Changed(String),
    /// There is no way to do it without harm.
    Harm(&'static str),
    /// The system or git says no.
    System(String),
}

impl From<io::Error> for IndexError {
    fn from(error: io::Error) -> Self {
        Self::System(error.to_string().to_lowercase())
    }
}

/// What a file was when it was looked at: a new index is a new file.
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

/// An index with changed entries, ready to take the place of another.
#[derive(Debug)]
struct Copy {
    /// The index that it was copied from.
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
    /// Copies an index and changes entries in the copy; each must be what the change says that it was.
    fn make(root: &Path, of: &Path, folder: &Path, changes: &[Change]) -> Result<Self, IndexError> {
        let name = of.file_name().unwrap_or_default().to_string_lossy();
        let path = folder.join(format!("copy-{name}.{}", std::process::id()));
        let identity = Identity::of(&std::fs::metadata(of)?);
        let copy = Self { of: of.to_path_buf(), path, identity };
        std::fs::copy(of, &copy.path)?;
        // A hook that watches the index is told when git itself has it.
        let quiet = ["-c", "core.hooksPath=/dev/null", "update-index", "-z", "--index-info"];
        let mut update = command(root, &quiet);
        update.env("GIT_INDEX_FILE", &copy.path).env_remove("GIT_OPTIONAL_LOCKS");
        let line = |change: &Change| match &change.new {
            Some(Object { mode, id }) => format!("{mode} {id}\t{}\0", change.path),
            None => format!("0 {}\t{}\0", "0".repeat(40), change.path),
        };
        let lines: String = changes.iter().map(line).collect();
        // The entries are looked at again, in the index that was copied, while the copy is written.
        let paths = || changes.iter().map(|change| change.path.as_str());
        let (standing, updated) = std::thread::scope(|scope| {
            let standing = scope.spawn(|| objects::flagged(root, of, paths()));
            let updated = run_with_stdin(update, lines.as_bytes());
            (standing.join().unwrap_or_else(|_| Err("git was not asked".to_owned())), updated)
        });
        let standing = standing.map_err(IndexError::System)?;
        updated.map_err(IndexError::System)?;
        for change in changes {
            let entry = standing.get(&change.path);
            if entry.map(|(_, object)| object) != change.old.as_ref() {
                return Err(IndexError::Changed(change.path.clone()));
            }
            // A new entry would lose the flags of the old one.
            if entry.is_some_and(|(flag, _)| *flag != 'H') {
                return Err(IndexError::Harm(
                    "git is told to overlook the file (`skip-worktree` or `assume-unchanged`)",
                ));
            }
        }
        Ok(copy)
    }

    /// Takes the place of an index that nobody else may write now.
    fn take_place(&self) -> Result<(), IndexError> {
        if Identity::of(&std::fs::metadata(&self.of)?) != self.identity {
            return Err(IndexError::Changed(String::new()));
        }
        Ok(std::fs::rename(&self.path, &self.of)?)
    }

    /// Takes the place of an index under its lock.
    fn take_place_locked(&self) -> Result<(), IndexError> {
        let mut lock = self.of.clone().into_os_string();
        lock.push(".lock");
        let lock = PathBuf::from(lock);
        // The copy itself becomes the lock: the lock is held for no longer than two steps.
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

/// Entries that are ready to be changed, in every index that a commit is made of.
#[derive(Debug)]
pub struct Swap<'a> {
    root: &'a Path,
    place: &'a GitDirs,
    changes: &'a [Change],
}

impl<'a> Swap<'a> {
    /// Looks whether entries can be changed without harm.
    ///
    /// # Errors
    /// Why they cannot.
    pub fn prepare(root: &'a Path, place: &'a GitDirs, changes: &'a [Change]) -> Result<Self, IndexError> {
        match place.index_kind() {
            IndexKind::Foreign => Err(IndexError::Harm("the index is one of your own (`GIT_INDEX_FILE`)")),
            IndexKind::Partial if !place.own.join("index.lock").exists() => {
                Err(IndexError::Harm("this is a partial commit, and git has not finished the index behind it"))
            }
            _ => Ok(Self { root, place, changes }),
        }
    }

    /// Changes them, if each is still what it was.
    ///
    /// # Errors
    /// Why they are as they were.
    pub fn finish(&self) -> Result<(), IndexError> {
        let folder = self.place.own.join("phx");
        // One at a time, so that whoever is here knows that a copy which stands around is nobody's.
        let turn = turn::take(&self.place.own, "lock")?;
        if turn.is_none() {
            return Err(IndexError::Harm("another phx is changing the index of this repository"));
        }
        sweep(&folder);
        self.swap(&folder)
    }

    fn swap(&self, folder: &Path) -> Result<(), IndexError> {
        let index = &self.place.index;
        match self.place.index_kind() {
            IndexKind::Own => {
                let mut last = IndexError::Locked;
                for _ in 0..ATTEMPTS {
                    match Copy::make(self.root, index, folder, self.changes)?.take_place_locked() {
                        // Somebody else was faster; the entries may be what they were all the same.
                        Err(IndexError::Changed(path)) if path.is_empty() => last = IndexError::Changed(path),
                        done => return done,
                    }
                }
                Err(last)
            }
            // git itself holds the lock while its hooks run.
            IndexKind::Next => Copy::make(self.root, index, folder, self.changes)?.take_place(),
            IndexKind::Partial => {
                let own = Copy::make(self.root, index, folder, self.changes)?;
                let next = Copy::make(self.root, &self.place.own.join("index.lock"), folder, self.changes)?;
                next.take_place()?;
                own.take_place()
            }
            IndexKind::Foreign => Err(IndexError::Harm("the index is one of your own (`GIT_INDEX_FILE`)")),
        }
    }
}

/// Removes the copies that a killed run left behind.
fn sweep(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with("copy-") {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Stores bytes as they are; returns their id.
///
/// # Errors
/// What git says.
pub fn store(root: &Path, bytes: &[u8]) -> Result<String, String> {
    id(run_with_stdin(command(root, &["hash-object", "-w", "--no-filters", "--stdin"]), bytes)?)
}

/// The id of bytes as they are.
///
/// # Errors
/// What git says.
pub fn plain_id(root: &Path, bytes: &[u8]) -> Result<String, String> {
    id(run_with_stdin(command(root, &["hash-object", "--no-filters", "--stdin"]), bytes)?)
}

/// Stores what `git add` would make of bytes at a path; returns its id.
///
/// # Errors
/// What git says.
pub fn store_cleaned(root: &Path, path: &str, bytes: &[u8]) -> Result<String, String> {
    id(run_with_stdin(command(root, &["hash-object", "-w", "--stdin", &format!("--path={path}")]), bytes)?)
}

/// The id of what `git add` would make of bytes at a path.
///
/// # Errors
/// What git says.
pub fn cleaned_id(root: &Path, path: &str, bytes: &[u8]) -> Result<String, String> {
    id(run_with_stdin(command(root, &["hash-object", "--stdin", &format!("--path={path}")]), bytes)?)
}

/// What git would check out at a path for a blob.
///
/// # Errors
/// What git says.
pub fn checked_out(root: &Path, path: &str, blob: &str) -> Result<Vec<u8>, String> {
    run(command(root, &["cat-file", "--filters", &format!("--path={path}"), blob]))
}

fn id(printed: Vec<u8>) -> Result<String, String> {
    String::from_utf8(printed).map(|id| id.trim().to_owned()).map_err(|_| "git prints no id".to_owned())
}
