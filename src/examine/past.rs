//! What the repository remembers of a document: the record of its last review, its sources, its last committed version.

use std::sync::Arc;

use super::Examiner;
use crate::corpus::reviews::{self, Past, Review};
use crate::document::Document;
use crate::ledger::{self, Record};
use crate::system::git::{self, objects};
use crate::workspace::Store;
use crate::workspace::project::inside;

impl Examiner<'_> {
    /// What the repository remembers of a document.
    pub fn past(&self, document: &Document) -> Past {
        let mut past = Past { has_ledger: self.has_ledger(), ..Past::default() };
        let globs = document.governance.sources();
        if past.has_ledger
            && let Some(id) = document.governance.correlation_id()
            && let Some(record) = self.record(id.value)
        {
            past.is_recorded = true;
            past.review = record.review(&document.path);
        }
        let knows_sources = past.review.as_ref().is_some_and(|review| review.sources.is_some());
        if knows_sources && !globs.is_empty() {
            past.sources = self.project.sources_hash(&globs);
        }
        if !globs.is_empty() {
            past.before = self.committed(document);
            if let Some(before) = &past.before
                && !past.is_recorded
                && reviews::is_stamped(before, document)
            {
                past.sources_moved = self.sources_moved(before, &globs);
            }
        }
        past
    }

    /// Whether there is a ledger where the documents are read from.
    fn has_ledger(&self) -> bool {
        *self.has_ledger.get_or_init(|| {
            let folder = inside(&self.project.base_path(), ledger::FOLDER);
            self.project.store.list(&folder).is_ok_and(|found| !found.is_empty())
        })
    }

    /// The record of an id, if there is one that can be read.
    pub fn record(&self, id: &str) -> Option<Record> {
        let file = inside(&self.project.base_path(), &ledger::file_of(id)?);
        Record::read(&self.project.store.read(&file).ok()??).ok()
    }

    /// What the last review vouched for in a document, if it has a record.
    pub fn last_review(&self, document: &Document) -> Option<Review> {
        self.record(document.governance.correlation_id()?.value)?.review(&document.path)
    }

    /// The document as the commit before has it.
    pub fn committed(&self, document: &Document) -> Option<Arc<Document>> {
        let project = self.project;
        let own = if project.store.is_worktree() {
            self.committed.get_or_init(|| Store::blobs(&project.root).ok()).as_ref()
        } else {
            Some(&project.store)
        };
        let path = &document.path;
        let found = own?.ask(&format!("{}:{path}", self.before)).ok()??;
        Some(Arc::new(project.parse(found.bytes, path, &project.from_base(path))))
    }

    /// Whether the files that a document describes have changed since the stamp of an earlier version of it.
    fn sources_moved(&self, before: &Document, globs: &[String]) -> bool {
        if let Some(known) = self.last_review(before).and_then(|review| review.sources) {
            return self.project.sources_hash(globs).is_some_and(|now| now != known);
        }
        let Some(stamped) = &before.governance.last_updated else { return false };
        let (root, store) = (&self.project.root, &self.project.store);
        let now = objects::touched(root, &self.before, store.revision(), !store.is_worktree(), globs);
        if now.is_ok_and(|touched| !touched.is_empty()) {
            return true;
        }
        git::changed_since(root, &self.before, &before.path, stamped.value, globs).unwrap_or(false)
    }
}
