//! Writes documents atomically, if they have not changed on disk since they were read.

use std::path::Path;

use crate::document::Document;
use crate::failure::Failure;
use crate::system::disk;
use crate::system::git::git_dirs::GitDirs;
use crate::system::replace::{ReplaceError, Replacement};
use crate::system::turn::{self, Turn};
use crate::text::Folder;

use super::{Project, paths};

impl Project {
    /// Takes the lock for writing documents of this repository. Returns `None` outside of a repository or if locking is
    /// not possible.
    ///
    /// # Errors
    /// Returns an error if another phx holds the lock for more than 5 s.
    pub fn turn(&self) -> Result<Option<Turn>, Failure> {
        let Some(place) = GitDirs::find(&self.root) else { return Ok(None) };
        match turn::acquire(&place.own, "writing") {
            Ok(Some(turn)) => Ok(Some(turn)),
            Ok(None) => Err(Failure::usage("another phx is writing documents of this repository; nothing was written")
                .hint("run the command again after the other phx has exited")),
            Err(_) => Ok(None),
        }
    }

    /// Replaces the text of a document. On an error the file is unchanged.
    pub fn write(&self, document: &Document, text: &str) -> Result<(), Failure> {
        self.write_all(&[(document, text)])
    }

    /// Replaces the texts of documents. Disk space and permissions are verified before the first replacement.
    ///
    /// # Errors
    /// Returns an error if a document cannot be written. That document and all later ones are unchanged.
    pub fn write_all(&self, written: &[(&Document, &str)]) -> Result<(), Failure> {
        let mut replacements = Vec::new();
        for (document, text) in written {
            let file = paths::absolute(&self.root, Path::new(&document.path));
            let prepared = Replacement::prepare(&file, &self.root, document.text.as_bytes(), text.as_bytes());
            replacements
                .push((&document.path, prepared.map_err(|error| write_failure(&self.folder, &document.path, error))?));
        }
        for (path, replacement) in replacements {
            replacement.finish().map_err(|error| write_failure(&self.folder, path, error))?;
        }
        Ok(())
    }
}

fn write_failure(folder: &Folder, path: &str, error: ReplaceError) -> Failure {
    let (path, quoted) = (folder.display_path(path), folder.quoted(path));
    match error {
        ReplaceError::ReadOnly => Failure::internal(format!("cannot write `{path}`: it is read-only"))
            .hint(format!("run `chmod u+w {quoted}` to make it writable")),
        ReplaceError::Changed => Failure::internal(format!("`{path}` changed on disk; it was not overwritten"))
            .hint("run the same command again"),
        ReplaceError::Outside(target) => {
            let target = target.display();
            Failure::internal(format!("cannot write `{path}`: it is a link to `{target}`, outside the repository"))
                .hint("run phx on the file itself, in its own repository")
        }
        ReplaceError::HardLinked(names) => Failure::internal(format!(
            "cannot write `{path}`: it has {names} hard links, of which only one would change"
        ))
        .hint(format!("run `cp {quoted} {quoted}.copy && mv {quoted}.copy {quoted}` to remove the link")),
        ReplaceError::System(error) => {
            let is_denied = error.kind() == std::io::ErrorKind::PermissionDenied;
            let why = if is_denied { "permission denied".to_owned() } else { disk::explain(&error) };
            Failure::internal(format!("cannot write `{path}`: {why}"))
        }
    }
}
