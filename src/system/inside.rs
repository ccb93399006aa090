//! Reads files of a repository and rejects links that lead out of it.

use std::io;
use std::path::{Path, PathBuf};

use super::disk;

/// Reads a whole file of a repository, like [`disk::read_optional`].
///
/// # Errors
/// Returns an error as [`disk::read_optional`] does, and `InvalidInput` if the resolved path is outside `root`.
pub fn read(root: &Path, path: &Path) -> io::Result<Option<Vec<u8>>> {
    require(root, path)?;
    disk::read_optional(path)
}

/// Rejects a path that a link leads out of `root`. For a path that does not exist, its nearest existing parent decides.
///
/// # Errors
/// Returns `InvalidInput` if the resolved path is outside `root` or is a dangling link.
pub fn require(root: &Path, path: &Path) -> io::Result<()> {
    let mut existing = path;
    let real = loop {
        match existing.canonicalize() {
            Ok(real) => break real,
            // Writing to a dangling link would create its target.
            Err(_) if existing.is_symlink() => break PathBuf::new(),
            Err(error) => existing = existing.parent().ok_or(error)?,
        }
    };
    if real.starts_with(root.canonicalize()?) {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "the path is a link to a location outside the repository"))
}
