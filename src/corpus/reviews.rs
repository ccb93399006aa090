//! Reviews of documents, changes since the last review, and the hashes that detect changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use crate::document::{Block, BlockMode, Document, MarkerKind};
use crate::text::{Span, hex, lines};

/// Canonical names of the keys of a stamp.
pub const STAMP: [&str; 3] = ["correlation_id", "last_updated", "update_required_by"];

/// State of a document at its review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// Time of the review.
    pub at: DateTime<Utc>,
    /// Reviewed MANUAL sections by canonical name.
    pub sections: BTreeMap<String, ReviewedSection>,
    /// Hash of the source files, if the document lists any.
    pub sources: Option<String>,
    /// Hash of the text without stamp, markers and AUTO bodies.
    pub text: String,
}

/// State of a MANUAL section at its review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewedSection {
    /// Hash of the text of the section.
    pub hash: String,
    /// Time of the review.
    pub at: DateTime<Utc>,
}

/// Recorded history of a document.
#[derive(Clone, Debug, Default)]
pub struct ReviewHistory {
    /// Whether the ledger of the repository has any records.
    pub has_ledger: bool,
    /// Whether the ledger has a record of the document's correlation ID.
    pub is_recorded: bool,
    /// Review of the document in that record.
    pub review: Option<Review>,
    /// Hash of the current source files, if the review has one.
    pub sources: Option<String>,
    /// Version of the document before the inspected change, if the document lists sources.
    pub before: Option<Arc<Document>>,
    /// Whether the source files have changed since the stamp of that version.
    pub sources_changed: bool,
}

/// Changes of a document since its last review.
#[derive(Clone, Debug)]
pub struct ChangesSinceReview {
    /// Last review, if one is recorded.
    pub last: Option<Review>,
    /// MANUAL sections.
    pub sections: Vec<SectionSince>,
    /// Source files that changed; `None` if this cannot be determined.
    pub sources: Option<Vec<String>>,
    /// Whether the document lists source files.
    pub names_sources: bool,
    /// AUTO blocks that were edited by hand.
    pub edited: Vec<String>,
}

/// Change of one MANUAL section since its last review.
#[derive(Clone, Debug)]
pub struct SectionSince {
    pub name: String,
    /// Line of the marker, from 1.
    pub line: usize,
    pub change: Changed,
}

/// Kind of change of a section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    /// Never reviewed; the full text.
    New(String),
    /// Unchanged since the review.
    Nothing,
    /// Changed: a diff, or the full text if the reviewed version is not in the Git history.
    Text(String),
}

/// Returns the MANUAL blocks of a document with their names in records, in document order. Further blocks with the same
/// name get the suffix `#2`, `#3` and so on.
pub fn manual_names(document: &Document) -> Vec<(String, &Block)> {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let blocks = document.blocks_of(BlockMode::Manual);
    let named = blocks.map(|block| {
        let count = seen.entry(&block.name).or_default();
        *count += 1;
        (if *count == 1 { block.name.clone() } else { format!("{}#{count}", block.name) }, block)
    });
    named.collect()
}

/// Returns the text of a MANUAL section that reviews compare: LF line endings, no trailing white space, no blank lines
/// at the start and end, no markers and no AUTO bodies.
pub fn section_text(document: &Document, block: &Block) -> String {
    normalized(document, block.body, &[])
}

/// Returns the SHA-256 hash of [`section_text`].
pub fn section_hash(document: &Document, block: &Block) -> String {
    hash(&section_text(document, block))
}

/// Returns the SHA-256 hash of the text of a document without stamp, markers and AUTO bodies.
pub fn text_hash(document: &Document) -> String {
    let stamp: Vec<Span> =
        STAMP.iter().filter_map(|key| document.governance.entry(key)).map(|entry| entry.value.span).collect();
    hash(&normalized(document, Span::new(0, document.text.len()), &stamp))
}

/// Returns the SHA-256 hash of files, from their paths and the object ids of their contents, in any order.
pub fn files_hash<'a>(files: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut lines: Vec<String> = files.map(|(path, id)| format!("{id} {path}\n")).collect();
    lines.sort();
    hash(&lines.concat())
}

fn hash(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

fn normalized(document: &Document, whole: Span, ignored: &[Span]) -> String {
    let bodies = document.blocks_of(BlockMode::Auto).filter(|block| block.closer.is_some()).map(|block| block.body);
    let markers = document.markers.iter().filter(|marker| !matches!(marker.kind, MarkerKind::Ignore { .. }));
    let mut excluded: Vec<Span> =
        bodies.chain(markers.map(|marker| marker.span)).chain(ignored.iter().copied()).collect();
    excluded.sort_by_key(|span| (span.start, span.end));
    let mut text = String::new();
    let mut from = whole.start;
    for span in excluded {
        if span.start >= from && span.end <= whole.end {
            text.push_str(document.slice(Span::new(from, span.start)));
            from = span.end;
        }
    }
    text.push_str(document.slice(Span::new(from, whole.end)));
    let text = lines::with_lf(&text);
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n").trim_matches('\n').to_owned()
}

/// Returns whether the stamps of two versions of a document differ.
pub fn is_stamped(before: &Document, now: &Document) -> bool {
    let stamp =
        |document: &Document| STAMP.map(|key| document.governance.entry(key).map(|entry| entry.value.to_json()));
    stamp(before) != stamp(now)
}
