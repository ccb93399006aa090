//! What a person vouches for: what changed in a document since its last review, and the stamp and the record of the next.

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
    /// The names of the MANUAL sections that a target speaks of: `DOC` of all, `DOC#SECTION` of one.
    ///
    /// # Errors
    /// Where there is no such section.
    pub fn sections_of(
        document: &Document,
        section: Option<&str>,
        folder: &Folder,
    ) -> Result<BTreeSet<String>, Failure> {
        let names = reviews::manual_names(document);
        let Some(section) = section else {
            return Ok(names.into_iter().map(|(name, _)| name).collect());
        };
        let fits = |name: &str, block: &Block| name == section || block.id == section;
        if let Some((name, _)) = names.iter().find(|(name, block)| fits(name, block)) {
            return Ok(BTreeSet::from([name.clone()]));
        }
        let known: Vec<&str> = names.iter().map(|(name, _)| name.as_str()).collect();
        let near = suggest::did_you_mean(section, known.iter().copied());
        let path = &document.path;
        let failure = Failure::usage(format!("`{path}` has no MANUAL section `{section}`{near}"));
        Err(if known.is_empty() {
            failure.hint(format!(
                "none of its sections has a MANUAL marker; `phx validate --fix {}` adds those that are declared",
                folder.quoted(path)
            ))
        } else {
            failure.hint(format!("there are `{}`", known.join("`, `")))
        })
    }

    /// What changed in a document since its last review, in the sections that are looked at.
    pub fn since(&self, document: &Arc<Document>, sections: &BTreeSet<String>) -> ChangesSinceReview {
        let last = self.last_review(document);
        let mut history: Option<Vec<Document>> = None;
        let looked = reviews::manual_names(document).into_iter().filter(|(name, _)| sections.contains(name));
        let looked: Vec<SectionSince> = looked
            .map(|(name, block)| {
                let vouched = last.as_ref().and_then(|review| review.sections.get(&name));
                let what = self.section_since(document, &name, block, vouched, &mut history);
                SectionSince { line: document.line(block.opener.start), what, name }
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
        ChangesSinceReview { last, sections: looked, sources, names_sources: !globs.is_empty(), edited }
    }

    fn section_since(
        &self,
        document: &Document,
        name: &str,
        block: &Block,
        vouched: Option<&ReviewedSection>,
        history: &mut Option<Vec<Document>>,
    ) -> Changed {
        let now = reviews::section_text(document, block);
        let Some(vouched) = vouched else {
            return Changed::New(now);
        };
        if vouched.hash == reviews::section_hash(document, block) {
            return Changed::Nothing;
        }
        let versions = history.get_or_insert_with(|| self.project.committed_versions(&document.path));
        let reviewed = versions.iter().find_map(|version| {
            let (_, block) = reviews::manual_names(version).into_iter().find(|(other, _)| other == name)?;
            (reviews::section_hash(version, block) == vouched.hash).then(|| reviews::section_text(version, block))
        });
        Changed::Text(reviewed.map_or_else(|| now.clone(), |reviewed| diff::texts(&reviewed, &now)))
    }

    /// The sources that differ from those of the commit that brought the document's stamp in.
    fn changed_sources(&self, document: &Document, globs: &[String]) -> Option<Vec<String>> {
        let id = document.governance.correlation_id()?.value.to_owned();
        let commit = history::introducing_commit(&self.project.root, &document.path, &id)?;
        let revision = self.project.store.revision();
        objects::touched(&self.project.root, &commit, revision, !self.project.store.is_worktree(), globs).ok()
    }

    /// The stamp that a review of the sections puts on a document now.
    #[allow(clippy::redundant_closure_for_method_calls)] // a method alone is not general enough for the compiler
    pub fn stamp(&self, document: &Document, id: Uuid, sections: BTreeSet<String>) -> Stamp {
        let window = self.with_context(document, &[], &ReviewHistory::default(), |context| context.window());
        // A year has four digits (RFC 3339).
        let last = DateTime::from_timestamp(253_402_300_799, 0).unwrap_or(self.now);
        let due = self.now.checked_add_signed(window.unwrap_or_else(|| Duration::days(7))).unwrap_or(last).min(last);
        Stamp { id, at: self.now, due, sections }
    }

    /// What a review of the sections vouches for; what an earlier one said of the others stands.
    pub fn sign_off(&self, document: &Document, sections: &BTreeSet<String>, last: Option<&Review>) -> Review {
        let mut vouched: BTreeMap<String, ReviewedSection> = BTreeMap::new();
        for (name, block) in reviews::manual_names(document) {
            if sections.contains(&name) {
                vouched.insert(name, ReviewedSection { hash: reviews::section_hash(document, block), at: self.now });
            } else if let Some(known) = last.and_then(|review| review.sections.get(&name)) {
                vouched.insert(name, known.clone());
            }
        }
        let globs = document.governance.sources();
        let sources = if globs.is_empty() { None } else { self.project.sources_hash(&globs) };
        Review { at: self.now, sections: vouched, sources, text: reviews::text_hash(document) }
    }
}
