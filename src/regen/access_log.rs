//! Trace of a rendering: what its template asked for, and what its values depend on.

use std::collections::BTreeSet;

/// A value that stayed because no fact gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnavailableFact {
    /// The label whose value it is; empty where a template keeps none.
    pub label: String,
    /// The key or the report that would give it.
    pub source: String,
}

/// What a rendering asked for.
#[derive(Clone, Debug, Default)]
pub struct AccessLog {
    /// Whether a fact had a source.
    pub has_available_fact: bool,
    /// What stayed for want of a fact.
    pub unavailable_facts: Vec<UnavailableFact>,
    /// Whether the time was asked for.
    pub clock: bool,
    /// What its reader must know of the values.
    pub warnings: Vec<String>,
    /// Problems of reading that the rendering depends on, each once.
    pub blockers: Vec<Blocker>,
    /// Those of the document, by index.
    pub(super) problems: BTreeSet<usize>,
    /// Labels whose values are maintained by hand unless the configuration gives them.
    pub by_hand: Vec<String>,
    /// Sources of values, by label.
    pub sources: Vec<(String, String)>,
    /// Items and rows that numbers were computed from.
    pub inputs: Vec<FactInput>,
}

/// Items that numbers were computed from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactInput {
    /// Their number and their sections: `10 items in priority_1, priority_2`.
    pub summary: String,
    /// The items, by index in the document.
    pub items: Vec<usize>,
}

/// A problem that keeps a block from being written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocker {
    /// Its location: `line 12`, or `path:12` in another document.
    pub location: String,
    /// The problem.
    pub message: String,
}

impl std::fmt::Display for Blocker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.location, self.message)
    }
}
