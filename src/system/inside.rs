//! Files of a repository, which no link leads out of.

use std::io;
use std::path::{Path, PathBuf};

use super::disk;

/// A whole file of a repository, as [`disk::read_optional`]; no link leads out of the repository.
///
/// # Errors
/// As for [`disk::read_optional`], and where the file is outside `root`.
pub fn read(root: &Path, path: &Path) -> io::Result<Option<Vec<u8>>> {
    require(root, path)?;
    disk::read_optional(path)
}

/// An error for a path that a link leads out of `root`. What does not exist yet is judged by the folder above it.
///
/// # Errors
/// As the system says, and where `path` is outside `root`.
pub fn require(root: &Path, path: &Path) -> io::Result<()> {
    let mut existing = path;
    let real = loop {
        match existing.canonicalize() {
            Ok(real) => break real,
            // A link that leads nowhere would be written through.
            Err(_) if existing.is_symlink() => break PathBuf::new(),
            Err(error) => existing = existing.parent().ok_or(error)?,
        }
    };
    if real.starts_with(root.canonicalize()?) {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "a link to something outside the repository"))
}
