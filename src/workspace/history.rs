//! Reads committed versions of documents and of their AUTO bodies.

use std::sync::Arc;

use super::Project;
use crate::document::{Block, Document, SIZE};
use crate::regen::BlockPlan;
use crate::regen::checksum::{self, ChecksumState};
use crate::system::git::history::Commit;
use crate::system::git::{self, blobs::Blobs};
use crate::text::lines;

impl Project {
    /// Returns the latest committed body of a planned block that matches its checksum, with the line ends of the
    /// document.
    pub fn committed_body(&self, document: &Document, plan: &BlockPlan) -> Option<Arc<str>> {
        let path = &document.path;
        let block = &document.blocks[plan.block];
        let mut blobs = Blobs::start(&self.root).ok()?;
        git::commits_of(&self.root, path).ok()?.into_iter().find_map(|commit| {
            let bytes = blobs.read(&format!("{commit}:./{path}"), SIZE).ok()??;
            let past = self.parse(bytes, &document.path, &self.relative_to_base(path));
            let same = |other: &&Block| other.name == block.name && other.mode == block.mode;
            let found = past.blocks.iter().filter(same).find(|other| {
                checksum::state(other, past.slice(other.body), &plan.coverage) == ChecksumState::Intact
            })?;
            let body = lines::with_lf(past.slice(found.body)).replace('\n', lines::ending(&document.text));
            Some(Arc::from(body))
        })
    }

    /// Returns the committed versions of a document, newest first, from at most 200 commits.
    pub fn committed_versions(&self, path: &str) -> Vec<Document> {
        let commits = git::commits_of(&self.root, path).unwrap_or_default();
        let Ok(mut blobs) = Blobs::start(&self.root) else { return Vec::new() };
        let version = |commit: String| {
            let bytes = blobs.read(&format!("{commit}:{path}"), SIZE).ok()??;
            Some(self.parse(bytes, path, &self.relative_to_base(path)))
        };
        commits.into_iter().filter_map(version).collect()
    }

    /// Returns the correlation ID that the document has in each commit. The input pairs commits with the path of the
    /// document in them; commits without an ID are left out.
    pub fn ids_of(&self, commits: Vec<(Commit, String)>) -> Vec<(Commit, String)> {
        let Ok(mut blobs) = Blobs::start(&self.root) else { return Vec::new() };
        let id = |(commit, path): (Commit, String)| {
            let bytes = blobs.read(&format!("{}:{path}", commit.id), SIZE).ok()??;
            let version = self.parse(bytes, &path, &self.relative_to_base(&path));
            let id = version.governance.correlation_id()?.value.to_owned();
            Some((commit, id))
        };
        commits.into_iter().filter_map(id).collect()
    }

    /// Returns whether a merge, rebase, cherry-pick or revert is in progress.
    pub fn is_merging(&self) -> bool {
        git::is_merging(&self.root)
    }
}
