//! One phx at a time: a lock on a file in Git's own folder, which everybody who may write to the repository can take.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long another phx is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often the lock is tried.
const POLL: Duration = Duration::from_millis(25);

/// The lock; it ends with its handle.
#[derive(Debug)]
pub struct Turn(#[allow(dead_code)] File);

/// Waits for the lock `name` in `phx` below Git's folder. Nothing if another phx keeps it.
///
/// # Errors
/// Those of making the folder and the file.
pub fn take(git: &Path, name: &str) -> io::Result<Option<Turn>> {
    let file = file(git, name)?;
    let start = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Some(Turn(file))),
            Err(TryLockError::WouldBlock) if start.elapsed() < PATIENCE => std::thread::sleep(POLL),
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

/// The file `name` in `phx` below Git's folder, with the rights that Git gives its own files (`core.sharedRepository`).
fn file(git: &Path, name: &str) -> io::Result<File> {
    let folder = git.join("phx");
    if std::fs::symlink_metadata(&folder).is_err() {
        std::fs::create_dir_all(&folder)?;
        share(&folder, git, 0o2070);
    }
    let path = folder.join(name);
    match File::create_new(&path) {
        Ok(file) => {
            share(&path, git, 0o060);
            Ok(file)
        }
        // A file of another user can be locked as long as it can be read.
        Err(_) => File::open(&path),
    }
}

/// Gives a group the rights that it has on Git's folder of objects.
#[cfg(unix)]
fn share(path: &Path, git: &Path, bits: u32) {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| std::fs::metadata(path).map(|metadata| metadata.permissions().mode());
    let common =
        std::fs::read_to_string(git.join("commondir")).map_or_else(|_| git.to_path_buf(), |to| git.join(to.trim()));
    let (Ok(objects), Ok(own)) = (mode(&common.join("objects")), mode(path)) else { return };
    if objects & 0o020 != 0 {
        // Where that cannot be done, the others are told that they may not write.
        let _ = std::fs::set_permissions(path, std::fs::Permissions::from_mode(own | (objects & bits)));
    }
}

#[cfg(not(unix))]
fn share(_: &Path, _: &Path, _: u32) {}
