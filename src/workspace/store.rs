//! Where a run reads from: the worktree, the index, or a revision. All that a verdict depends on comes from one of them.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::paths;
use crate::document::SIZE;
use crate::failure::Failure;
use crate::system::disk;
use crate::system::git::objects::{self, Blobs, Listing};

/// What a user asks to be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// The files as they stand.
    #[default]
    Worktree,
    /// What is staged.
    Index,
    /// A commit.
    Revision(String),
}

/// Reads files by their paths from the root.
#[derive(Debug)]
pub struct Store {
    root: PathBuf,
    objects: Option<Objects>,
}

#[derive(Debug)]
struct Objects {
    listing: Listing,
    blobs: Mutex<Blobs>,
}

impl Store {
    /// Opens what is to be read.
    ///
    /// # Errors
    /// Where git cannot give it.
    pub fn open(root: &Path, origin: &Origin) -> Result<Self, Failure> {
        let listing = match origin {
            Origin::Worktree => return Ok(Self { root: root.to_path_buf(), objects: None }),
            Origin::Index => objects::index(root),
            Origin::Revision(revision) => objects::tree(root, revision),
        };
        let opened = listing.and_then(|listing| Ok(Objects { listing, blobs: Mutex::new(Blobs::start(root)?) }));
        let objects = opened.map_err(|why| {
            let what = if *origin == Origin::Index { "the index" } else { "the revision" };
            Failure::usage(format!("{what} cannot be read: {why}"))
        })?;
        Ok(Self { root: root.to_path_buf(), objects: Some(objects) })
    }

    /// Whether files are read as they stand.
    pub fn is_worktree(&self) -> bool {
        self.objects.is_none()
    }

    /// What git holds, by path; `None` for the worktree.
    pub fn listing(&self) -> Option<&Listing> {
        self.objects.as_ref().map(|objects| &objects.listing)
    }

    /// Whether a file is there.
    pub fn exists(&self, path: &str) -> bool {
        match &self.objects {
            None => disk::exists(&self.root.join(path)),
            Some(objects) => objects.listing.contains_key(path),
        }
    }

    /// A whole file; `None` if there is none.
    ///
    /// # Errors
    /// As the system or git says.
    pub fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        let Some(objects) = &self.objects else {
            return disk::read_optional(&self.root.join(path));
        };
        let Some(object) = objects.listing.get(path) else {
            return Ok(None);
        };
        let mut blobs = objects.blobs.lock().unwrap_or_else(PoisonError::into_inner);
        blobs.read(&object.id, SIZE).map_err(io::Error::other)
    }

    /// The names in a directory with their paths, sorted; none if it is not there.
    ///
    /// # Errors
    /// As the system says.
    pub fn list(&self, directory: &str) -> io::Result<Vec<(String, String)>> {
        let Some(objects) = &self.objects else {
            let found = disk::list(&self.root.join(directory))?;
            return Ok(found.into_iter().map(|(name, path)| (name, paths::relative(&self.root, &path))).collect());
        };
        let prefix = format!("{directory}/");
        let mut found: Vec<(String, String)> = Vec::new();
        let below = objects.listing.range(prefix.clone()..).take_while(|(path, _)| path.starts_with(&prefix));
        for (path, _) in below {
            let name = path[prefix.len()..].split('/').next().unwrap_or_default();
            if found.last().is_none_or(|(last, _)| last != name) {
                found.push((name.to_owned(), format!("{prefix}{name}")));
            }
        }
        Ok(found)
    }
}
