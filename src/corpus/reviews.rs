//! What the last review of a document vouched for, and what stands there now: pure values and the hashes that compare them.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use crate::document::{Block, BlockMode, Document, MarkerKind};
use crate::text::{Span, hex, lines};

/// The keys of a stamp, as this program names them.
pub const STAMP: [&str; 3] = ["correlation_id", "last_updated", "update_required_by"];

/// What a review vouched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// When it was made.
    pub at: DateTime<Utc>,
    /// For each MANUAL section by its canonical name what was read of it.
    pub sections: BTreeMap<String, ReviewedSection>,
    /// The hash of the files that the document describes, where it names some.
    pub sources: Option<String>,
    /// The hash of the document's whole text without its stamp, its markers and what phx writes.
    pub text: String,
}

/// What was read of a section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewedSection {
    /// The hash of its text.
    pub hash: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// What the repository remembers of a document.
#[derive(Clone, Debug, Default)]
pub struct ReviewHistory {
    /// Whether the repository has a ledger.
    pub has_ledger: bool,
    /// Whether it has a record of the document's correlation id.
    pub is_recorded: bool,
    /// What that record says of the document.
    pub review: Option<Review>,
    /// The hash of its sources as they are now, where a review knows them.
    pub sources: Option<String>,
    /// The document as it was before the change that is looked at, where the document names sources.
    pub before: Option<Arc<Document>>,
    /// Whether its sources have changed since that document's stamp.
    pub sources_moved: bool,
}

/// What changed since the last review.
#[derive(Clone, Debug)]
pub struct ChangesSinceReview {
    /// The last review, if it is on record.
    pub last: Option<Review>,
    /// The sections that are looked at.
    pub sections: Vec<SectionSince>,
    /// The files that the document describes and that changed; `None` where nobody knows.
    pub sources: Option<Vec<String>>,
    /// Whether it names files at all.
    pub names_sources: bool,
    /// The AUTO blocks that somebody edited by hand.
    pub edited: Vec<String>,
}

/// One MANUAL section since its last review.
#[derive(Clone, Debug)]
pub struct SectionSince {
    /// Its name.
    pub name: String,
    /// The line of its marker.
    pub line: usize,
    /// What became of it.
    pub what: Changed,
}

/// What became of a section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    /// Nobody has reviewed it on record: its text.
    New(String),
    /// It is what was reviewed.
    Nothing,
    /// It changed: as a diff, or its text where the text that was reviewed is not in history.
    Text(String),
}

/// The names that the MANUAL blocks of a document go by in records, in order: the second of one name gets `#2`.
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

/// The text of a MANUAL section as reviews compare it: LF, no white space at the ends of lines, no blank lines around it,
/// without markers and AUTO bodies.
pub fn section_text(document: &Document, block: &Block) -> String {
    normalized(document, block.body, &[])
}

/// The hash of the text of a MANUAL section.
pub fn section_hash(document: &Document, block: &Block) -> String {
    hash(&section_text(document, block))
}

/// The hash of the document's whole text without its stamp, its markers and AUTO bodies.
pub fn text_hash(document: &Document) -> String {
    let stamp: Vec<Span> =
        STAMP.iter().filter_map(|key| document.governance.entry(key)).map(|entry| entry.value.span).collect();
    hash(&normalized(document, Span::new(0, document.text.len()), &stamp))
}

/// A hash of files by their paths and the ids of their contents.
pub fn files_hash<'a>(files: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut lines: Vec<String> = files.map(|(path, id)| format!("{id} {path}\n")).collect();
    lines.sort();
    hash(&lines.concat())
}

fn hash(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

fn normalized(document: &Document, whole: Span, left_out: &[Span]) -> String {
    let bodies = document.blocks_of(BlockMode::Auto).filter(|block| block.closer.is_some()).map(|block| block.body);
    let markers = document.markers.iter().filter(|marker| !matches!(marker.kind, MarkerKind::Ignore { .. }));
    let mut gone: Vec<Span> = bodies.chain(markers.map(|marker| marker.span)).chain(left_out.iter().copied()).collect();
    gone.sort_by_key(|span| (span.start, span.end));
    let mut text = String::new();
    let mut from = whole.start;
    for span in gone {
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

/// Whether a document bears another stamp than an earlier version of it.
pub fn is_stamped(before: &Document, now: &Document) -> bool {
    let stamp =
        |document: &Document| STAMP.map(|key| document.governance.entry(key).map(|entry| entry.value.to_json()));
    stamp(before) != stamp(now)
}
