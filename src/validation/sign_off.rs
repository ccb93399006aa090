//! Reviews of documents: changes since the last review, and the stamp and record of the next one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Duration};
use uuid::Uuid;

use super::Validator;
use crate::corpus::reviews::{self, Changed, ChangesSinceReview, Review, ReviewHistory, ReviewedSection, SectionSince};
use crate::corpus::stamp::Stamp;
use crate::document::{Block, Document};
use crate::failure::Failure;
use crate::regen::checksum::ChecksumState;
use crate::regen::diff;
use crate::regen::facts::MeasuredFacts;
use crate::regen::plan::{self, Sources};
use crate::system::git::history;
use crate::system::git::objects;
use crate::text::{Folder, suggest};

impl Validator<'_> {
    /// Returns the names of the MANUAL sections to review: one for `DOC#SECTION`, all for `DOC`.
    ///
    /// # Errors
    /// Returns an error if the document has no such MANUAL section.
    pub(crate) fn sections_of(
        document: &Document,
        section: Option<&str>,
        folder: &Folder,
    ) -> Result<BTreeSet<String>, Failure> {
        let names = reviews::manual_names(document);
        let Some(section) = section else {
            return Ok(names.into_iter().map(|(name, _)| name).collect());
        };
        let matches_section = |name: &str, block: &Block| name == section || block.id == section;
        if let Some((name, _)) = names.iter().find(|(name, block)| matches_section(name, block)) {
            return Ok(BTreeSet::from([name.clone()]));
        }
        let known: Vec<&str> = names.iter().map(|(name, _)| name.as_str()).collect();
        let near = suggest::did_you_mean(section, known.iter().copied());
        let path = &document.path;
        let failure = Failure::usage(format!("unknown MANUAL section `{section}` in `{path}`{near}"));
        Err(if known.is_empty() {
            failure.hint(format!(
                "run `phx validate --fix {}` to add markers to the declared MANUAL sections",
                folder.quoted(path)
            ))
        } else {
            failure.hint(format!("the MANUAL sections are `{}`", known.join("`, `")))
        })
    }

    /// Returns the changes in the given sections of a document since its last review.
    pub(crate) fn since(&self, document: &Arc<Document>, sections: &BTreeSet<String>) -> ChangesSinceReview {
        let last = self.last_review(document);
        let mut history: Option<Vec<Document>> = None;
        let changes = reviews::manual_names(document).into_iter().filter(|(name, _)| sections.contains(name));
        let changes: Vec<SectionSince> = changes
            .map(|(name, block)| {
                let reviewed_section = last.as_ref().and_then(|review| review.sections.get(&name));
                let change = self.section_since(document, &name, block, reviewed_section, &mut history);
                SectionSince { line: document.line(block.opener.start), change, name }
            })
            .collect();
        let globs = document.governance.sources();
        let known = last.as_ref().and_then(|review| review.sources.clone());
        let sources = match (known, self.project.sources_hash(&globs)) {
            (Some(then), Some(now)) if then == now => Some(Vec::new()),
            (Some(_), Some(_)) => self.changed_sources(document, &globs),
            _ => None,
        };
        let (facts, measured) = (Arc::new(self.planning().facts), Arc::new(MeasuredFacts::default()));
        let plans =
            plan::document(document, Sources { library: &self.project.library, facts: &facts, measured: &measured });
        let edited = plans.iter().filter(|plan| plan.state == ChecksumState::Edited);
        let edited = edited.map(|plan| document.blocks[plan.block].name.clone()).collect();
        ChangesSinceReview { last, sections: changes, sources, names_sources: !globs.is_empty(), edited }
    }

    fn section_since(
        &self,
        document: &Document,
        name: &str,
        block: &Block,
        reviewed_section: Option<&ReviewedSection>,
        history: &mut Option<Vec<Document>>,
    ) -> Changed {
        let now = reviews::section_text(document, block);
        let Some(reviewed_section) = reviewed_section else {
            return Changed::New(now);
        };
        if reviewed_section.hash == reviews::section_hash(document, block) {
            return Changed::Nothing;
        }
        let versions = history.get_or_insert_with(|| self.project.committed_versions(&document.path));
        let reviewed = versions.iter().find_map(|version| {
            let (_, block) = reviews::manual_names(version).into_iter().find(|(other, _)| other == name)?;
            (reviews::section_hash(version, block) == reviewed_section.hash)
                .then(|| reviews::section_text(version, block))
        });
        Changed::Text(reviewed.map_or_else(|| now.clone(), |reviewed| diff::texts(&reviewed, &now)))
    }

    /// Returns the source files that differ from the commit that introduced the document's stamp.
    fn changed_sources(&self, document: &Document, globs: &[String]) -> Option<Vec<String>> {
        let id = document.governance.correlation_id()?.value.to_owned();
        let commit = history::introducing_commit(&self.project.root, &document.path, &id)?;
        let revision = self.project.store.revision();
        objects::changed_files(&self.project.root, &commit, revision, !self.project.store.is_worktree(), globs).ok()
    }

    /// Returns the stamp of a review of the sections at the current time.
    #[allow(clippy::redundant_closure_for_method_calls)] // the method path fails to type-check because of its lifetimes
    pub(crate) fn stamp(&self, document: &Document, id: Uuid, sections: BTreeSet<String>) -> Stamp {
        let window = self.with_context(document, &[], &ReviewHistory::default(), |context| context.window());
        // RFC 3339 allows years up to 9999.
        let last = DateTime::from_timestamp(253_402_300_799, 0).unwrap_or(self.now);
        let due = self.now.checked_add_signed(window.unwrap_or_else(|| Duration::days(7))).unwrap_or(last).min(last);
        Stamp { id, at: self.now, due, sections }
    }

    /// Returns the review of the sections. Other sections keep the state of the last review.
    pub(crate) fn sign_off(&self, document: &Document, sections: &BTreeSet<String>, last: Option<&Review>) -> Review {
        let mut reviewed_sections: BTreeMap<String, ReviewedSection> = BTreeMap::new();
        for (name, block) in reviews::manual_names(document) {
            if sections.contains(&name) {
                reviewed_sections
                    .insert(name, ReviewedSection { hash: reviews::section_hash(document, block), at: self.now });
            } else if let Some(known) = last.and_then(|review| review.sections.get(&name)) {
                reviewed_sections.insert(name, known.clone());
            }
        }
        let globs = document.governance.sources();
        let sources = if globs.is_empty() { None } else { self.project.sources_hash(&globs) };
        Review { at: self.now, sections: reviewed_sections, sources, text: reviews::text_hash(document) }
    }
}
