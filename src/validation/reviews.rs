//! Reads the review history of documents: records of reviews, hashes of sources and committed versions.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Validator;
use crate::corpus::reviews::{self, Review, ReviewHistory};
use crate::document::Document;
use crate::ledger::{self, Record};
use crate::system::git::{self, objects};
use crate::workspace::Store;
use crate::workspace::load::Loaded;
use crate::workspace::project::inside;

impl Validator<'_> {
    /// Returns the review history of a document.
    pub(crate) fn review_history(&self, document: &Document) -> ReviewHistory {
        let mut past = ReviewHistory { has_ledger: self.has_ledger(), ..ReviewHistory::default() };
        let globs = document.governance.sources();
        if past.has_ledger
            && let Some(id) = document.governance.correlation_id()
            && let Some(record) = self.record(id.value)
        {
            past.is_recorded = true;
            past.review = record.review(&document.path);
        }
        // A correlation ID without a record must not hide the changes since the latest review.
        if past.has_ledger && !past.is_recorded {
            past.review = self.latest_reviews().get(&document.path).cloned();
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
                past.sources_changed = self.sources_moved(before, &globs);
            }
        }
        past
    }

    /// Returns whether the tree that documents are read from has a ledger.
    fn has_ledger(&self) -> bool {
        *self.has_ledger.get_or_init(|| {
            let folder = inside(&self.project.base_path(), ledger::FOLDER);
            self.project.store.list(&folder).is_ok_and(|found| !found.is_empty())
        })
    }

    /// Returns the record of a correlation ID, if it exists and can be parsed.
    pub(crate) fn record(&self, id: &str) -> Option<Record> {
        let file = inside(&self.project.base_path(), &ledger::file_of(id)?);
        Record::read(&self.project.store.read(&file).ok()??).ok()
    }

    /// Returns the last recorded review of a document.
    pub(crate) fn last_review(&self, document: &Document) -> Option<Review> {
        let id = document.governance.correlation_id();
        let own = id.and_then(|id| self.record(id.value)?.review(&document.path));
        own.or_else(|| self.latest_reviews().get(&document.path).cloned())
    }

    /// Returns the document as in the commit `before`.
    pub(crate) fn committed(&self, document: &Document) -> Option<Arc<Document>> {
        let path = &document.path;
        let bytes = self.committed_bytes(path)?;
        Some(Arc::new(self.project.parse(bytes, path, &self.project.relative_to_base(path))))
    }

    /// Returns the bytes of a file in the commit `before`.
    pub(super) fn committed_bytes(&self, path: &str) -> Option<Vec<u8>> {
        let project = self.project;
        let own = if project.store.is_worktree() {
            self.committed.get_or_init(|| Store::blobs(&project.root).ok()).as_ref()
        } else {
            Some(&project.store)
        };
        Some(own?.ask(&format!("{}:{path}", self.before)).ok()??.bytes)
    }

    /// Returns whether a file was a governed document in the commit `before`.
    pub(super) fn was_governed(&self, path: &str) -> bool {
        let bytes = self.committed_bytes(path);
        let load = |bytes| self.project.load_bytes(bytes, path, &self.project.relative_to_base(path));
        matches!(bytes.map(load), Some(Loaded::Document(_) | Loaded::TooLarge))
    }

    /// Returns the latest review of each document in the ledger, by path.
    pub(super) fn latest_reviews(&self) -> &BTreeMap<String, Review> {
        self.latest_reviews.get_or_init(|| self.read_latest_reviews())
    }

    fn read_latest_reviews(&self) -> BTreeMap<String, Review> {
        if !self.has_ledger() {
            return BTreeMap::new();
        }
        let store = &self.project.store;
        let folder = inside(&self.project.base_path(), ledger::FOLDER);
        let months = store.list(&folder).unwrap_or_default();
        let files = months.into_iter().flat_map(|(_, month)| store.list(&month).unwrap_or_default());
        let records = files.filter_map(|(_, file)| Record::read(&store.read(&file).ok()??).ok());
        let mut records: Vec<Record> = records.collect();
        records.sort_by_key(|record| (record.at, record.id));
        let reviews = records.iter().flat_map(|record| {
            let documents = record.documents.iter();
            documents.filter_map(|document| Some((document.path.clone(), record.review(&document.path)?)))
        });
        // A later record replaces an earlier one.
        reviews.collect()
    }

    /// Returns whether the source files of a document have changed since the stamp of its earlier version `before`.
    fn sources_moved(&self, before: &Document, globs: &[String]) -> bool {
        if let Some(known) = self.last_review(before).and_then(|review| review.sources) {
            return self.project.sources_hash(globs).is_some_and(|now| now != known);
        }
        let Some(stamped) = &before.governance.last_updated else { return false };
        let (root, store) = (&self.project.root, &self.project.store);
        let now = objects::changed_files(root, &self.before, store.revision(), !store.is_worktree(), globs);
        if now.is_ok_and(|touched| !touched.is_empty()) {
            return true;
        }
        git::changed_since(root, &self.before, &before.path, stamped.value, globs).unwrap_or(false)
    }
}
