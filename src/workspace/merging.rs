//! Three-way merge of a document without conflicts in its stamp, review dates and AUTO blocks.
//!
//! These parts are replaced by the text of the base in all three versions. Git merges the rest. Then the merged parts
//! are inserted: the later stamp as a whole, the later review date of each section, and the AUTO bodies of our side
//! with the values that the other side maintains by hand. If the correct result is not certain, a part is left to Git
//! and may conflict.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Loaded, Project};
use crate::corpus::reviews::{self, manual_names};
use crate::corpus::stamp;
use crate::document::{Block, BlockMode, Document};
use crate::regen::by_hand;
use crate::regen::checksum::{ChecksumCoverage, ChecksumState};
use crate::regen::plan::{self, Sources};
use crate::text::{Edit, Edits, Span};

/// Base, ours and theirs of one document, with the merged parts.
#[derive(Debug)]
pub(crate) struct Versions {
    base: Arc<Document>,
    ours: Arc<Document>,
    theirs: Arc<Document>,
    parts: Parts,
}

/// Parts that are inserted into the merged text.
#[derive(Debug, Default)]
struct Parts {
    /// Body and END marker of each AUTO block, by name.
    bodies: BTreeMap<String, (String, String)>,
    /// Opening marker of each MANUAL section, by name.
    openers: BTreeMap<String, String>,
    /// Values of the stamp by key; empty if the stamp is left to Git.
    stamp: Vec<(&'static str, String)>,
}

/// Texts of base, ours and theirs for Git to merge.
pub(crate) type Texts = [String; 3];

impl Versions {
    /// Parses base, ours and theirs and merges their parts. Returns `None` if one of them is not a governed document,
    /// has syntax errors or is not UTF-8.
    pub(crate) fn read(
        project: &Project,
        path: &str,
        [base, ours, theirs]: [Vec<u8>; 3],
        sources: Sources<'_>,
    ) -> Option<Self> {
        let read = |bytes: Vec<u8>| match project.load_bytes(bytes.clone(), path, &project.relative_to_base(path)) {
            Loaded::Document(document) if document.syntax_errors.is_empty() && document.text.as_bytes() == bytes => {
                document.has_governance().then_some(document)
            }
            _ => None,
        };
        let (base, ours, theirs) = (read(base)?, read(ours)?, read(theirs)?);
        let mut versions = Self { base, ours, theirs, parts: Parts::default() };
        versions.parts = Parts {
            bodies: versions.bodies(sources),
            openers: versions.openers(),
            stamp: versions.stamp().unwrap_or_default(),
        };
        Some(versions)
    }

    fn all(&self) -> [&Arc<Document>; 3] {
        [&self.base, &self.ours, &self.theirs]
    }

    /// Merges the bodies of the AUTO blocks that are intact in all versions. Others are left to Git.
    fn bodies(&self, sources: Sources<'_>) -> BTreeMap<String, (String, String)> {
        let [base, ours, theirs] = self.all().map(|document| auto_blocks(document));
        let plans = self.all().map(|document| plan::document(document, sources));
        let mut bodies = BTreeMap::new();
        for (name, own) in &ours {
            let (Some(old), Some(their)) = (base.get(name), theirs.get(name)) else { continue };
            let is_intact = |version: usize, block: usize| {
                plans[version].iter().any(|plan| plan.block == block && plan.state == ChecksumState::Intact)
            };
            let Some(coverage) = plans[1].iter().find(|plan| plan.block == *own).map(|plan| &plan.coverage) else {
                continue;
            };
            if !(is_intact(0, *old) && is_intact(1, *own) && is_intact(2, *their)) {
                continue;
            }
            let texts = [(&self.base, *old), (&self.ours, *own), (&self.theirs, *their)];
            let [old, own_body, their] = texts.map(|(document, block)| document.slice(document.blocks[block].body));
            let Some(body) = merged_body(old, own_body, their, coverage) else { continue };
            let closer = self.ours.blocks[*own].closer.map_or("", |closer| self.ours.slice(closer));
            bodies.insert(name.clone(), (body, closer.to_owned()));
        }
        bodies
    }

    /// Merges the opening markers of the MANUAL sections whose markers differ at most in their review date.
    fn openers(&self) -> BTreeMap<String, String> {
        let [base, ours, theirs] = self.all().map(|document| openers(document));
        let mut merged = BTreeMap::new();
        for (name, own) in &ours {
            let (Some(old), Some(their)) = (base.get(name), theirs.get(name)) else { continue };
            let undated = |marker: &str| stamp::set_review_date(marker, "");
            if undated(own) == undated(old) && undated(their) == undated(old) {
                // ISO 8601 dates sort as text; a marker without a date sorts first.
                let later = [own, their].into_iter().max_by_key(|marker| reviewed(marker)).unwrap_or(own);
                merged.insert(name.clone(), later.clone());
            }
        }
        merged
    }

    /// Returns the later stamp. Returns `None` if both sides changed MANUAL sections: the combination was not reviewed.
    fn stamp(&self) -> Option<Vec<(&'static str, String)>> {
        let manual = self.all().map(|document| manual_texts(document));
        if manual[1] != manual[0] && manual[2] != manual[0] && manual[1] != manual[2] {
            return None;
        }
        let updated = |document: &Document| document.governance.last_updated.as_ref().map(|time| time.value);
        let (ours, theirs) = (updated(&self.ours)?, updated(&self.theirs)?);
        let later = if theirs > ours { &self.theirs } else { &self.ours };
        let values = |document: &Document| -> Option<Vec<(&'static str, String)>> {
            let value = |key: &&'static str| {
                let span = document.governance.entry(key)?.value.span;
                Some((*key, document.slice(span).to_owned()))
            };
            reviews::STAMP.iter().map(value).collect()
        };
        values(&self.base)?;
        // Different stamps with the same time belong to two reviews.
        let (own, their) = (values(&self.ours)?, values(&self.theirs)?);
        if ours == theirs && own != their { None } else { values(later) }
    }

    /// Returns the three texts with each merged part replaced by that of the base.
    pub(crate) fn with_base_parts(&self) -> Option<Texts> {
        let old = Parts {
            bodies: self
                .parts
                .bodies
                .keys()
                .filter_map(|name| Some((name.clone(), body_of(&self.base, name)?)))
                .collect(),
            openers: openers(&self.base)
                .into_iter()
                .filter(|(name, _)| self.parts.openers.contains_key(name))
                .collect(),
            stamp: self.parts.stamp.iter().filter_map(|(key, _)| Some((*key, value_of(&self.base, key)?))).collect(),
        };
        let [base, ours, theirs] = self.all().map(|document| old.insert_into(document));
        Some([base?, ours?, theirs?])
    }

    /// Inserts the merged parts into the text that Git merged. Returns `None` if the result is not a document with
    /// these parts.
    pub(crate) fn insert_parts(&self, project: &Project, merged: &str, has_conflicts: bool) -> Option<String> {
        let document = project.parse_again(&self.ours, merged);
        let text = self.parts.insert_into(&document)?;
        let after = project.parse_again(&self.ours, &text);
        let has_bodies = self.parts.bodies.iter().all(|(name, body)| body_of(&after, name).as_ref() == Some(body));
        let is_complete = after.has_governance() && (has_conflicts || after.syntax_errors.is_empty());
        (has_bodies && is_complete).then_some(text)
    }
}

impl Parts {
    /// Returns the text of a document with these parts. Returns `None` if the document lacks one of them.
    fn insert_into(&self, document: &Document) -> Option<String> {
        let mut edits = Edits::default();
        let mut insert =
            |span: Span, text: &str| document.slice(span) == text || edits.add(vec![Edit::replace(span, text)]);
        let blocks = auto_blocks(document);
        for (name, (body, closer)) in &self.bodies {
            let block = &document.blocks[*blocks.get(name)?];
            let whole = Span::new(block.body.start, block.closer?.end);
            let between = Span::new(block.body.end, block.closer?.start).slice(&document.text);
            if !insert(whole, &format!("{body}{between}{closer}")) {
                return None;
            }
        }
        let manual: BTreeMap<String, &Block> = manual_names(document).into_iter().collect();
        for (name, opener) in &self.openers {
            if !insert(manual.get(name)?.opener, opener) {
                return None;
            }
        }
        for (key, value) in &self.stamp {
            if !insert(document.governance.entry(key)?.value.span, value) {
                return None;
            }
        }
        Some(edits.apply(&document.text))
    }
}

/// Merges the body of a block, including the values in it that are maintained by hand. Returns `None` if both sides
/// changed such values.
fn merged_body(base: &str, ours: &str, theirs: &str, coverage: &ChecksumCoverage) -> Option<String> {
    let is_carried = |one: &str, other: &str| by_hand::transfer(one, other, coverage) == one;
    if is_carried(base, theirs) || is_carried(ours, theirs) {
        Some(ours.to_owned())
    } else if is_carried(base, ours) {
        Some(by_hand::transfer(ours, theirs, coverage))
    } else {
        None
    }
}

/// Returns the indices of the AUTO blocks that have an END marker and a unique name, by name.
fn auto_blocks(document: &Document) -> BTreeMap<String, usize> {
    let mut found: BTreeMap<String, Option<usize>> = BTreeMap::new();
    for (index, block) in document.blocks.iter().enumerate().filter(|(_, block)| block.mode == BlockMode::Auto) {
        let once = !found.contains_key(&block.name) && block.closer.is_some();
        found.insert(block.name.clone(), once.then_some(index));
    }
    found.into_iter().filter_map(|(name, index)| Some((name, index?))).collect()
}

fn body_of(document: &Document, name: &str) -> Option<(String, String)> {
    let block = &document.blocks[*auto_blocks(document).get(name)?];
    Some((document.slice(block.body).to_owned(), document.slice(block.closer?).to_owned()))
}

fn value_of(document: &Document, key: &str) -> Option<String> {
    Some(document.slice(document.governance.entry(key)?.value.span).to_owned())
}

fn openers(document: &Document) -> BTreeMap<String, String> {
    manual_names(document).into_iter().map(|(name, block)| (name, document.slice(block.opener).to_owned())).collect()
}

/// Returns the date after ` reviewed:` in a marker.
fn reviewed(marker: &str) -> Option<&str> {
    // Length of `2025-08-29`.
    marker.split(" reviewed:").nth(1)?.get(..10)
}

/// Returns the text of the MANUAL sections by name.
fn manual_texts(document: &Document) -> BTreeMap<String, String> {
    manual_names(document).into_iter().map(|(name, block)| (name, reviews::section_text(document, block))).collect()
}
