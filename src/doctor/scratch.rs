//! Folders for what a check writes: below the system's folder for such things, with the name of phx, gone when the check is.

use std::path::{Path, PathBuf};

use crate::system::disk;

/// A folder that is taken away when nobody needs it any more, interrupted or not.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes one.
    ///
    /// # Errors
    /// As the system says.
    pub fn new(what: &str) -> std::io::Result<Self> {
        let path = std::env::temp_dir().join(format!("phx-doctor-{what}-{}", uuid::Uuid::now_v7().simple()));
        disk::make_directory(&path)?;
        Ok(Self(path))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        disk::remove_tree(&self.0);
    }
}
