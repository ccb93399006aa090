//! Replaces files atomically, keeps mode, owner and extended attributes, and detects concurrent changes.

use std::collections::BTreeSet;
use std::fs::{File, Metadata, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Counter that makes the names of temporary files unique within the process.
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// Reason why a file was not replaced. The file is unchanged.
#[derive(Debug)]
pub enum ReplaceError {
    ReadOnly,
    /// The content differs from what was read.
    Changed,
    /// A link leads out of the root directory, to this path.
    Outside(PathBuf),
    /// Number of hard links, if more than one: the other names would keep the old bytes.
    HardLinked(u64),
    System(io::Error),
}

impl From<io::Error> for ReplaceError {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

/// Prepared replacement of a file. The new bytes are in a temporary file in the same directory, flushed, with the mode
/// of the old file. [`Replacement::finish`] exchanges both files atomically if the system supports it, and compares the
/// old content once more afterwards, so that even a change right before the exchange is detected.
#[derive(Debug)]
pub struct Replacement {
    target: PathBuf,
    temporary: Temporary,
    old: Vec<u8>,
}

impl Replacement {
    /// Prepares the replacement of the file at `path` with content `old` by `new`: all steps that can fail for lack of
    /// disk space or permissions. Links are followed if they stay inside `root`; a file outside `root` may be replaced,
    /// but not through a link. Both paths are absolute, without `.` and `..`.
    pub fn prepare(path: &Path, root: &Path, old: &[u8], new: &[u8]) -> Result<Self, ReplaceError> {
        let target = std::fs::canonicalize(path)?;
        let is_link = path.starts_with(root) || std::fs::symlink_metadata(path)?.is_symlink();
        if is_link && !target.starts_with(std::fs::canonicalize(root)?) {
            return Err(ReplaceError::Outside(target));
        }
        let metadata = std::fs::metadata(&target)?;
        if metadata.permissions().readonly() {
            return Err(ReplaceError::ReadOnly);
        }
        let names = links(&metadata);
        if names > 1 {
            return Err(ReplaceError::HardLinked(names));
        }
        if std::fs::read(&target)? != old {
            return Err(ReplaceError::Changed);
        }
        let temporary = Temporary::create(&target)?;
        temporary.fill(new, &metadata)?;
        copy_attributes(&target, &temporary.file)?;
        Ok(Self { target, temporary, old: old.to_vec() })
    }

    /// Exchanges the files, and exchanges them back if the old content has changed since it was read.
    pub fn finish(self) -> Result<(), ReplaceError> {
        let Self { target, temporary, old } = self;
        if swap(&temporary.path, &target)? {
            if std::fs::read(&temporary.path)? != old {
                swap(&temporary.path, &target)?;
                return Err(ReplaceError::Changed);
            }
        } else {
            if std::fs::read(&target)? != old {
                return Err(ReplaceError::Changed);
            }
            std::fs::rename(&temporary.path, &target)?;
        }
        sync_directory(&target);
        Ok(())
    }
}

/// Returns the number of hard links of a file.
#[cfg(unix)]
fn links(metadata: &Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt;
    metadata.nlink()
}

#[cfg(not(unix))]
fn links(_: &Metadata) -> u64 {
    1
}

/// Copies the extended attributes, including access control lists, from the old file to the new one.
#[cfg(any(target_os = "linux", target_os = "macos"))]
fn copy_attributes(target: &Path, file: &File) -> io::Result<()> {
    use rustix::fs::{XattrFlags, fsetxattr, getxattr, listxattr};
    use rustix::io::Errno;
    let mut names = vec![0_u8; 64 << 10];
    let length = match listxattr(target, &mut names[..]) {
        Ok(length) => length,
        Err(Errno::NOTSUP) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    for name in names[..length].split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
        let mut value = vec![0_u8; 64 << 10];
        let length = getxattr(target, name, &mut value[..])?;
        match fsetxattr(file, name, &value[..length], XattrFlags::empty()) {
            // The system sets the labels of security modules.
            Err(_) if name.starts_with(b"security.") => {}
            done => done?,
        }
    }
    Ok(())
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
#[allow(clippy::unnecessary_wraps)]
fn copy_attributes(_: &Path, _: &File) -> io::Result<()> {
    Ok(())
}

/// Locked temporary file in the directory of its target. It is removed on drop.
#[derive(Debug)]
struct Temporary {
    path: PathBuf,
    file: File,
}

impl Temporary {
    fn create(target: &Path) -> io::Result<Self> {
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        remove_leftovers(target);
        loop {
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            let path = target.with_file_name(format!(".{name}.{}-{count}.phx-tmp", std::process::id()));
            let file = File::create_new(&path)?;
            // The lock shows other processes that the owner is alive. Another process may have removed the file as a
            // leftover before it was locked.
            let locked = !matches!(file.try_lock(), Err(TryLockError::WouldBlock));
            if locked && std::fs::symlink_metadata(&path).is_ok() {
                return Ok(Self { path, file });
            }
        }
    }

    fn fill(&self, bytes: &[u8], like: &Metadata) -> io::Result<()> {
        (&self.file).write_all(bytes)?;
        copy_owner(&self.file, like);
        self.file.set_permissions(like.permissions())?;
        self.file.sync_all()
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Removes unlocked temporary files, which killed processes left, from the folder of a file. Runs once per folder.
fn remove_leftovers(target: &Path) {
    static SWEPT: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    let Some(folder) = target.parent() else { return };
    if !SWEPT.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.to_path_buf()) {
        return;
    }
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let found = entry.file_name();
        let found = found.to_string_lossy();
        if !(found.starts_with('.') && found.ends_with(".phx-tmp")) {
            continue;
        }
        // The lock is held until the name is removed, so that a process that has just created the file notices.
        if let Ok(file) = File::open(entry.path())
            && file.try_lock().is_ok()
        {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Exchanges two files atomically. Returns `false` if the system or the file system does not support it.
#[cfg(any(target_os = "linux", target_os = "macos"))]
fn swap(a: &Path, b: &Path) -> io::Result<bool> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;
    match renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(true),
        Err(Errno::NOSYS | Errno::INVAL | Errno::NOTSUP) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
#[allow(clippy::unnecessary_wraps)]
fn swap(_: &Path, _: &Path) -> io::Result<bool> {
    Ok(false)
}

/// Copies the owner and group, if phx has the permission. Errors are ignored.
#[cfg(unix)]
fn copy_owner(file: &File, like: &Metadata) {
    use std::os::unix::fs::{MetadataExt, fchown};
    if file.metadata().is_ok_and(|own| (own.uid(), own.gid()) != (like.uid(), like.gid())) {
        let _ = fchown(file, Some(like.uid()), Some(like.gid()));
    }
}

#[cfg(not(unix))]
fn copy_owner(_: &File, _: &Metadata) {}

/// Flushes the directory of a file, so that the new name survives a power failure. Errors are ignored.
pub(super) fn sync_directory(target: &Path) {
    if cfg!(unix)
        && let Some(Ok(directory)) = target.parent().map(File::open)
    {
        let _ = directory.sync_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replace(path: &Path, root: &Path, old: &[u8], new: &[u8]) -> Result<(), ReplaceError> {
        Replacement::prepare(path, root, old, new)?.finish()
    }

    #[test]
    fn does_not_overwrite_a_changed_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.md");
        std::fs::write(&file, "theirs").unwrap();
        assert!(matches!(replace(&file, folder.path(), b"read", b"ours"), Err(ReplaceError::Changed)));
        assert_eq!(std::fs::read(&file).unwrap(), b"theirs");
        replace(&file, folder.path(), b"theirs", b"ours").unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"ours");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn removes_leftovers_of_killed_processes() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.md");
        std::fs::write(&file, "old").unwrap();
        std::fs::write(folder.path().join(".a.md.1-0.phx-tmp"), "half").unwrap();
        let locked = File::create_new(folder.path().join(".a.md.2-0.phx-tmp")).unwrap();
        locked.try_lock().unwrap();
        replace(&file, folder.path(), b"old", b"new").unwrap();
        let mut names: Vec<_> =
            std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, [".a.md.2-0.phx-tmp", "a.md"]);
    }
}
