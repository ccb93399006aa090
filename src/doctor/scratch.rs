//! Folders for what a check writes: below the system's folder for such things, with the name of phx, gone when the check is.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::system::disk;

/// How the names of all folders start.
const START: &str = "phx-doctor-";
/// After this time a folder is that of a run that was killed.
const OLD: Duration = Duration::from_secs(6 * 3600);

/// Removes the folders that killed runs left behind; each has the time in its name.
fn sweep() {
    let now = uuid::Uuid::now_v7().get_timestamp().map_or(0, |time| time.to_unix().0);
    for (name, path) in disk::list(&std::env::temp_dir()).unwrap_or_default() {
        let made = name.strip_prefix(START).and_then(|rest| uuid::Uuid::parse_str(rest.rsplit('-').next()?).ok());
        let made = made.and_then(|id| id.get_timestamp()).map(|time| time.to_unix().0);
        if made.is_some_and(|made| made + OLD.as_secs() < now) {
            disk::remove_tree(&path);
        }
    }
}

/// A folder that is taken away when nobody needs it any more, interrupted or not.
#[derive(Debug)]
pub struct ScratchFolder(PathBuf);

impl ScratchFolder {
    /// Makes one.
    ///
    /// # Errors
    /// As the system says.
    pub fn new(what: &str) -> std::io::Result<Self> {
        static SWEPT: std::sync::Once = std::sync::Once::new();
        SWEPT.call_once(sweep);
        let path = std::env::temp_dir().join(format!("{START}{what}-{}", uuid::Uuid::now_v7().simple()));
        disk::make_directory(&path)?;
        Ok(Self(path))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for ScratchFolder {
    fn drop(&mut self) {
        disk::remove_tree(&self.0);
    }
}
