//! What the repository remembers of a document's AUTO bodies.

use std::sync::Arc;

use super::Project;
use crate::document::{Block, Document, SIZE};
use crate::regen::BlockPlan;
use crate::regen::checksum::{self, ChecksumState};
use crate::system::git::history::Commit;
use crate::system::git::{self, blobs::Blobs};
use crate::text::lines;

impl Project {
    /// The latest committed body of a planned block that matches its checksum, with the line ends of the document.
    pub fn committed_body(&self, document: &Document, plan: &BlockPlan) -> Option<Arc<str>> {
        let path = &document.path;
        let block = &document.blocks[plan.block];
        let mut blobs = Blobs::start(&self.root).ok()?;
        git::commits_of(&self.root, path).ok()?.into_iter().find_map(|commit| {
            let bytes = blobs.read(&format!("{commit}:./{path}"), SIZE).ok()??;
            let past = self.parse(bytes, &document.path, &self.from_base(path));
            let same = |other: &&Block| other.name == block.name && other.mode == block.mode;
            let found = past.blocks.iter().filter(same).find(|other| {
                checksum::state(other, past.slice(other.body), &plan.coverage) == ChecksumState::Intact
            })?;
            let body = lines::with_lf(past.slice(found.body)).replace('\n', lines::ending(&document.text));
            Some(Arc::from(body))
        })
    }

    /// The committed versions of a document, newest first, as far back as it is looked.
    pub fn committed_versions(&self, path: &str) -> Vec<Document> {
        let commits = git::commits_of(&self.root, path).unwrap_or_default();
        let Ok(mut blobs) = Blobs::start(&self.root) else { return Vec::new() };
        let version = |commit: String| {
            let bytes = blobs.read(&format!("{commit}:{path}"), SIZE).ok()??;
            Some(self.parse(bytes, path, &self.from_base(path)))
        };
        commits.into_iter().filter_map(version).collect()
    }

    /// Each of the commits of a document, with its name then, as the correlation id that it bears in it; those without one are left out.
    pub fn ids_of(&self, commits: Vec<(Commit, String)>) -> Vec<(Commit, String)> {
        let Ok(mut blobs) = Blobs::start(&self.root) else { return Vec::new() };
        let id = |(commit, path): (Commit, String)| {
            let bytes = blobs.read(&format!("{}:{path}", commit.id), SIZE).ok()??;
            let version = self.parse(bytes, &path, &self.from_base(&path));
            let id = version.governance.correlation_id()?.value.to_owned();
            Some((commit, id))
        };
        commits.into_iter().filter_map(id).collect()
    }

    /// Whether git is in the middle of a merge, a rebase or the like.
    pub fn is_merging(&self) -> bool {
        git::is_merging(&self.root)
    }
}
