//! Access log of a rendering: the facts that its template used, and the problems that its values depend on.

use std::collections::BTreeSet;

/// Value that stays unchanged because no fact provides it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnavailableFact {
    /// Label of the value; empty if the template keeps none.
    pub label: String,
    /// Instruction that makes the fact available.
    pub source: String,
}

/// Facts and problems that a rendering accessed.
#[derive(Clone, Debug, Default)]
pub struct AccessLog {
    /// Whether any fact was available.
    pub has_available_fact: bool,
    /// Values that stay unchanged because no fact provides them.
    pub unavailable_facts: Vec<UnavailableFact>,
    /// Whether the time was used.
    pub clock: bool,
    /// Warnings about the values.
    pub warnings: Vec<String>,
    /// Problems of parsing that the rendering depends on, without duplicates.
    pub blockers: Vec<Blocker>,
    /// Such problems of the document itself, by index.
    pub(super) problems: BTreeSet<usize>,
    /// Labels whose values are maintained by hand unless the configuration provides them.
    pub by_hand: Vec<String>,
    /// Sources of values, by label.
    pub sources: Vec<(String, String)>,
    /// Items and rows that numbers were computed from.
    pub inputs: Vec<FactInput>,
}

/// Items that numbers were computed from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactInput {
    /// Number and sections: `10 items in priority_1, priority_2`.
    pub summary: String,
    /// Indices in the items of the document.
    pub items: Vec<usize>,
}

/// Problem because of which a block cannot be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocker {
    /// `line 12`, or `path:12` in another document.
    pub location: String,
    pub message: String,
}

impl std::fmt::Display for Blocker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.location, self.message)
    }
}
