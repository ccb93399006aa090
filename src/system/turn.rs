//! Inter-process lock: a lock file in the Git directory that every user with write access to the repository can take.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

/// Time to wait for another phx process.
const TIMEOUT: Duration = Duration::from_secs(5);
const POLL_INTERVAL: Duration = Duration::from_millis(25);

/// Held lock. Dropping the file handle releases it.
#[derive(Debug)]
pub struct Turn(#[allow(dead_code)] File);

/// Waits for the lock file `phx/NAME` in the Git directory. Returns `None` if another phx holds it for more than 5 s.
pub fn acquire(git: &Path, name: &str) -> io::Result<Option<Turn>> {
    let file = file(git, name)?;
    let start = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Some(Turn(file))),
            Err(TryLockError::WouldBlock) if start.elapsed() < TIMEOUT => std::thread::sleep(POLL_INTERVAL),
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

/// Opens or creates `phx/NAME` in the Git directory, with the group permissions of the other files there
/// (`core.sharedRepository`).
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
        // Read access is enough to lock a file of another user.
        Err(_) => File::open(&path),
    }
}

/// Copies the group permissions of the `objects` directory to a path.
#[cfg(unix)]
fn share(path: &Path, git: &Path, bits: u32) {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| std::fs::metadata(path).map(|metadata| metadata.permissions().mode());
    let common =
        std::fs::read_to_string(git.join("commondir")).map_or_else(|_| git.to_path_buf(), |to| git.join(to.trim()));
    let (Ok(objects), Ok(own)) = (mode(&common.join("objects")), mode(path)) else { return };
    if objects & 0o020 != 0 {
        // If this fails, other users get a permission error when they try to write.
        let _ = std::fs::set_permissions(path, std::fs::Permissions::from_mode(own | (objects & bits)));
    }
}

#[cfg(not(unix))]
fn share(_: &Path, _: &Path, _: u32) {}
