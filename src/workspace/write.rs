//! Writing documents back: what stands on disk must be what was read, and stays whole.

use std::path::Path;

use crate::document::Document;
use crate::failure::Failure;
use crate::system::disk;
use crate::system::git::git_dirs::GitDirs;
use crate::system::replace::{ReplaceError, Replacement};
use crate::system::turn::{self, Turn};

use super::{Project, paths};

impl Project {
    /// Waits until no other phx writes documents of this repository. Nothing where there is no Git, or nothing can be locked.
    ///
    /// # Errors
    /// Another phx does not end.
    pub fn turn(&self) -> Result<Option<Turn>, Failure> {
        let Some(place) = GitDirs::find(&self.root) else { return Ok(None) };
        match turn::take(&place.own, "writing") {
            Ok(Some(turn)) => Ok(Some(turn)),
            Ok(None) => Err(Failure::usage("another phx writes documents of this repository; nothing was written")
                .hint("run it again when the other one has ended")),
            Err(_) => Ok(None),
        }
    }

    /// Puts `text` in the place of a document.
    ///
    /// # Errors
    /// Why it was not written; the file is as it was.
    pub fn write(&self, document: &Document, text: &str) -> Result<(), Failure> {
        self.write_all(&[(document, text)])
    }

    /// Puts texts in the place of documents. All that can fail for want of room or rights comes before the first of them.
    ///
    /// # Errors
    /// Why one was not written; it and those behind it are as they were.
    pub fn write_all(&self, written: &[(&Document, &str)]) -> Result<(), Failure> {
        let mut replacements = Vec::new();
        for (document, text) in written {
            let file = paths::absolute(&self.root, Path::new(&document.path));
            let prepared = Replacement::prepare(&file, &self.root, document.text.as_bytes(), text.as_bytes());
            replacements.push((&document.path, prepared.map_err(|refusal| refused(&document.path, refusal))?));
        }
        for (path, replacement) in replacements {
            replacement.finish().map_err(|refusal| refused(path, refusal))?;
        }
        Ok(())
    }
}

fn refused(path: &str, refusal: ReplaceError) -> Failure {
    match refusal {
        ReplaceError::ReadOnly => Failure::internal(format!("`{path}` is read-only; it is as it was"))
            .hint(format!("make it writable, as with `chmod u+w {path}`")),
        ReplaceError::Changed => {
            Failure::internal(format!("somebody changed `{path}` meanwhile; it is as they left it"))
                .hint("run the same command again")
        }
        ReplaceError::Outside(target) => {
            let target = target.display();
            Failure::internal(format!("`{path}` is a link to `{target}`, outside the repository; it is as it was"))
                .hint("name the file itself, from the repository that it is in")
        }
        ReplaceError::HardLinked(names) => Failure::internal(format!(
            "`{path}` has {names} names (hard links), of which only one would change; it is as it was"
        ))
        .hint("make it a file of its own, as with `cp --remove-destination`"),
        ReplaceError::System(error) => {
            let denied = error.kind() == std::io::ErrorKind::PermissionDenied;
            let why = if denied { "permission denied".to_owned() } else { disk::explain(&error) };
            Failure::internal(format!("`{path}` cannot be written: {why}; it is as it was"))
        }
    }
}
