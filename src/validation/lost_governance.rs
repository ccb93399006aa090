//! Detects documents that a change removes from governance without changing their text: moved to an excluded path,
//! replaced by a link, or renamed so that their kind changes.

use std::sync::Arc;

use super::Validator;
use crate::document::Document;
use crate::finding::Finding;
use crate::rules::{GovernanceEvidence, UnreadReason};
use crate::system::git::objects::{Change, Object};
use crate::workspace::load::Loaded;

impl Validator<'_> {
    /// Returns findings for the documents that a change removes from governance.
    pub(crate) fn lost(&self, changes: &[Change]) -> Vec<Finding> {
        let is_gone = |change: &&Change| {
            let was_file = change.old.as_ref().is_some_and(Object::is_file);
            was_file && !change.new.as_ref().is_some_and(Object::is_file) && self.may_be_document(&change.path)
        };
        let mut findings = Vec::new();
        for change in changes.iter().filter(is_gone) {
            let Some(before) = self.old_document(change) else { continue };
            let (path, evidence) = match &change.new {
                Some(_) => (change.path.as_str(), GovernanceEvidence::Link),
                None => match self.find_moved(change, &before, changes) {
                    Some(found) => found,
                    None => continue,
                },
            };
            findings.extend(self.validate_broken(path, &UnreadReason::Ungoverned(evidence)));
        }
        findings
    }

    /// Finds the new path of a removed document by its correlation ID and returns it with the evidence of lost
    /// governance. Returns `None` if it is still governed with the same kind, or was deleted.
    fn find_moved<'c>(
        &self,
        gone: &Change,
        before: &Arc<Document>,
        changes: &'c [Change],
    ) -> Option<(&'c str, GovernanceEvidence)> {
        let id = before.governance.correlation_id()?.value;
        let added =
            changes.iter().filter(|change| change.old.is_none() && change.new.as_ref().is_some_and(Object::is_file));
        for change in added {
            let Some(bytes) = self.bytes_of(change) else { continue };
            let is_same = change.new.as_ref().map(|new| &new.id) == gone.old.as_ref().map(|old| &old.id);
            if !is_same && memchr::memmem::find(&bytes, id.as_bytes()).is_none() {
                continue;
            }
            let path = change.path.as_str();
            if !self.may_be_document(path) {
                return Some((path, GovernanceEvidence::OutOfReach(gone.path.clone())));
            }
            return match self.project.load_bytes(bytes, path, &self.project.relative_to_base(path)) {
                Loaded::Document(now) => {
                    let (old, new) = (&before.shape.kind, &now.shape.kind);
                    let is_lost = old != new && now.governance.kind.is_none();
                    let evidence = GovernanceEvidence::OtherKind {
                        path: gone.path.clone(),
                        before: old.clone(),
                        now: new.clone(),
                    };
                    is_lost.then_some((path, evidence))
                }
                Loaded::Ignored(_) => Some((path, GovernanceEvidence::GovernedBefore)),
                _ => None,
            };
        }
        None
    }

    /// Loads the governed document at a path before a change.
    fn old_document(&self, change: &Change) -> Option<Arc<Document>> {
        if !self.project.store.is_worktree() {
            return self.project.load_object(&change.old.as_ref()?.id, &change.path);
        }
        let bytes = self.committed_bytes(&change.path)?;
        match self.project.load_bytes(bytes, &change.path, &self.project.relative_to_base(&change.path)) {
            Loaded::Document(document) => Some(document),
            _ => None,
        }
    }

    /// Reads the bytes at a path after a change.
    fn bytes_of(&self, change: &Change) -> Option<Vec<u8>> {
        let new = change.new.as_ref()?;
        if self.project.store.is_worktree() {
            return self.project.store.read(&change.path).ok()?;
        }
        Some(self.project.store.ask(&new.id).ok()??.bytes)
    }
}
