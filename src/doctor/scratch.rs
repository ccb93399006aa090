//! Temporary folders for checks, named `phx-doctor-*` in the temporary folder of the system and removed after the
//! check.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::system::disk;

/// Prefix of the names of all folders.
const START: &str = "phx-doctor-";
/// Age after which a folder is taken to be left by a killed run.
const OLD: Duration = Duration::from_secs(6 * 3600);

/// Removes the folders left by killed runs. The UUID v7 in each name contains the creation time.
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

/// Temporary folder that is removed with its content on drop.
#[derive(Debug)]
pub struct ScratchFolder(PathBuf);

impl ScratchFolder {
    /// Creates a folder; `what` becomes part of its name. The first call also removes the folders of killed runs.
    pub fn new(what: &str) -> std::io::Result<Self> {
        static SWEPT: std::sync::Once = std::sync::Once::new();
        SWEPT.call_once(sweep);
        let path = std::env::temp_dir().join(format!("{START}{what}-{}", uuid::Uuid::now_v7().simple()));
        disk::make_directory(&path)?;
        Ok(Self(path))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for ScratchFolder {
    fn drop(&mut self) {
        disk::remove_tree(&self.0);
    }
}
