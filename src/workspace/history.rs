//! What the repository remembers of a document's AUTO bodies.

use std::sync::Arc;

use super::Project;
use crate::document::{Block, Document, SIZE};
use crate::regen::sum::{self, State};
use crate::system::git::{self, blobs::Blobs};
use crate::text::lines;

impl Project {
    /// The latest committed body of a block that matches its checksum, with the line ends of the document.
    pub fn committed_body(&self, document: &Document, block: &Block) -> Option<Arc<str>> {
        let path = &document.path;
        let mut blobs = Blobs::start(&self.root).ok()?;
        git::commits_of(&self.root, path).ok()?.into_iter().find_map(|commit| {
            let bytes = blobs.read(&format!("{commit}:./{path}"), SIZE).ok()??;
            let from_base = super::paths::relative(&self.base, &self.root.join(&document.path));
            let past = self.parse(bytes, &document.path, &from_base);
            let same = |other: &&Block| other.name == block.name && other.mode == block.mode;
            let found = past.blocks.iter().filter(same).find(|other| sum::state(&past, other) == State::Intact)?;
            let body = lines::with_lf(past.slice(found.body)).replace('\n', lines::ending(&document.text));
            Some(Arc::from(body))
        })
    }

    /// Whether git is in the middle of a merge, a rebase or the like.
    pub fn is_merging(&self) -> bool {
        git::is_merging(&self.root)
    }
}
