//! The governed documents of a run, as rules about all of them need them: a pure value.

use crate::document::Document;

/// What is kept of one document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Path from the root.
    pub path: String,
    /// Kind.
    pub kind: String,
}

impl Entry {
    /// What is kept of a document.
    pub fn of(document: &Document) -> Self {
        Self { path: document.path.clone(), kind: document.shape.kind.clone() }
    }
}

/// All governed documents of a run, by path, and how many files were none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Corpus {
    /// The governed documents.
    pub entries: Vec<Entry>,
    /// How many files were looked at and are not governed.
    pub ignored: usize,
}

impl Corpus {
    /// Whether there is a document of a kind.
    pub fn has_kind(&self, kind: &str) -> bool {
        self.entries.iter().any(|entry| entry.kind == kind)
    }
}
