//! Putting new bytes in the place of a file: in one step, with its mode and owner, and only if it is still what was read.

use std::collections::BTreeSet;
use std::fs::{File, Metadata, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Tells the temporary files of one process apart.
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// Why a file was not replaced. It is as it was.
#[derive(Debug)]
pub enum ReplaceError {
    /// Its mode forbids writing.
    ReadOnly,
    /// It is no longer what was read.
    Changed,
    /// A link leads out of the directory that it must stay in.
    Outside(PathBuf),
    /// It has so many names: the others would keep the old bytes.
    HardLinked(u64),
    /// The system says no.
    System(io::Error),
}

impl From<io::Error> for ReplaceError {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

/// A file whose new bytes are on disk beside it. The new bytes go to a temporary file, are flushed and take the file's mode;
/// then both change places in one step. Where the system can swap, what comes out is compared with what was read once more,
/// so that not even a change in the last moment is lost.
#[derive(Debug)]
pub struct Replacement {
    target: PathBuf,
    beside: Temporary,
    old: Vec<u8>,
}

impl Replacement {
    /// Makes ready that the file at `path`, which held `old`, becomes `new`: all that can fail for want of room or rights. A
    /// link is followed, as long as it stays inside `root`; a file elsewhere may be named, but not by a link. Both paths
    /// are absolute and clean.
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
        let beside = Temporary::create(&target)?;
        beside.fill(new, &metadata)?;
        keep_attributes(&target, &beside.file)?;
        Ok(Self { target, beside, old: old.to_vec() })
    }

    /// Lets the files change places.
    pub fn finish(self) -> Result<(), ReplaceError> {
        let Self { target, beside, old } = self;
        if swap(&beside.path, &target)? {
            if std::fs::read(&beside.path)? != old {
                swap(&beside.path, &target)?;
                return Err(ReplaceError::Changed);
            }
        } else {
            if std::fs::read(&target)? != old {
                return Err(ReplaceError::Changed);
            }
            std::fs::rename(&beside.path, &target)?;
        }
        sync_directory(&target);
        Ok(())
    }
}

/// How many names a file has.
#[cfg(unix)]
fn links(metadata: &Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt;
    metadata.nlink()
}

#[cfg(not(unix))]
fn links(_: &Metadata) -> u64 {
    1
}

/// Gives a new file the extended attributes of the one that it takes the place of, access control lists among them.
#[cfg(any(target_os = "linux", target_os = "macos"))]
fn keep_attributes(target: &Path, file: &File) -> io::Result<()> {
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
            // Labels of the security modules are set by the system.
            Err(_) if name.starts_with(b"security.") => {}
            done => done?,
        }
    }
    Ok(())
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
#[allow(clippy::unnecessary_wraps)]
fn keep_attributes(_: &Path, _: &File) -> io::Result<()> {
    Ok(())
}

/// A file beside another that is removed when it is no longer needed.
#[derive(Debug)]
struct Temporary {
    path: PathBuf,
    file: File,
}

impl Temporary {
    fn create(target: &Path) -> io::Result<Self> {
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        sweep(target);
        loop {
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            let path = target.with_file_name(format!(".{name}.{}-{count}.phx-tmp", std::process::id()));
            let file = File::create_new(&path)?;
            // Whoever finds it later knows by the lock whether its process still lives; somebody may have taken the file
            // for one that was left behind before it was locked.
            let locked = !matches!(file.try_lock(), Err(TryLockError::WouldBlock));
            if locked && std::fs::symlink_metadata(&path).is_ok() {
                return Ok(Self { path, file });
            }
        }
    }

    fn fill(&self, bytes: &[u8], like: &Metadata) -> io::Result<()> {
        (&self.file).write_all(bytes)?;
        own(&self.file, like);
        self.file.set_permissions(like.permissions())?;
        self.file.sync_all()
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Removes what killed runs left behind in the folder of a file, once for each folder: temporary files that nobody holds
/// the lock of.
fn sweep(target: &Path) {
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
        // The lock is held until the name is gone, so that whoever has just made the file notices.
        if let Ok(file) = File::open(entry.path())
            && file.try_lock().is_ok()
        {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Lets two files change places; `false` where the system or the file system cannot.
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

/// Keeps the owner where phx runs as somebody who may.
#[cfg(unix)]
fn own(file: &File, like: &Metadata) {
    use std::os::unix::fs::{MetadataExt, fchown};
    if file.metadata().is_ok_and(|own| (own.uid(), own.gid()) != (like.uid(), like.gid())) {
        let _ = fchown(file, Some(like.uid()), Some(like.gid()));
    }
}

#[cfg(not(unix))]
fn own(_: &File, _: &Metadata) {}

/// Makes the new name last.
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
    fn a_file_that_changed_since_it_was_read_stays() {
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
    fn what_a_killed_run_left_is_swept_away() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.md");
        std::fs::write(&file, "old").unwrap();
        std::fs::write(folder.path().join(".a.md.1-0.phx-tmp"), "half").unwrap();
        let held = File::create_new(folder.path().join(".a.md.2-0.phx-tmp")).unwrap();
        held.try_lock().unwrap();
        replace(&file, folder.path(), b"old", b"new").unwrap();
        let mut names: Vec<_> =
            std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, [".a.md.2-0.phx-tmp", "a.md"]);
    }
}
