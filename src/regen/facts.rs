//! Facts: what templates are rendered from. Tree facts come with the documents and the configuration; measured facts come
//! from reports and history, one a file below.

pub mod coverage;
pub mod doctor;
pub mod documents;
pub mod git;
pub mod program;

use chrono::{DateTime, Utc};
use minijinja::Value;

use super::library::Measured;
use super::values;
use crate::config::Config;

/// The tree facts of a run.
#[derive(Clone, Debug)]
pub struct Facts {
    /// What stands under `[facts]`.
    pub config: Value,
    /// All governed documents.
    pub documents: Value,
    /// What the binary says of itself: `version`, `commands`, `rules`.
    pub program: Value,
    /// The time of the run, which decides whether a suppression has expired.
    pub now: Option<DateTime<Utc>>,
}

impl Facts {
    /// The same facts at a time.
    #[must_use]
    pub fn at(self, now: DateTime<Utc>) -> Self {
        Self { now: Some(now), ..self }
    }

    /// The facts of a configuration, and what makes those of the binary.
    pub fn new(config: &Config, program: fn() -> serde_json::Value) -> Self {
        let facts = config.facts.as_ref().map(values::of_tree);
        Self {
            config: facts.unwrap_or_else(|| Value::from_pairs(std::iter::empty::<(String, Value)>())),
            documents: Value::from(()),
            program: program::value(program),
            now: None,
        }
    }
}

/// A source of facts.
#[derive(Clone, Debug, Default)]
pub enum Fact {
    /// There is none, or it is not to be used.
    #[default]
    Absent,
    /// What it says.
    Present(Value),
    /// It is there and cannot be read: where, and why.
    Broken(String),
}

/// The measured facts for one document.
#[derive(Clone, Debug, Default)]
pub struct MeasuredFacts {
    /// Coverage reports.
    pub coverage: Fact,
    /// The last result of `phx doctor`.
    pub doctor: Fact,
    /// The history of the document's sources.
    pub git: Fact,
    /// The time, where times may move.
    pub now: Option<DateTime<Utc>>,
}

impl MeasuredFacts {
    /// One of them.
    pub fn of(&self, fact: Measured) -> &Fact {
        match fact {
            Measured::Coverage => &self.coverage,
            Measured::Doctor => &self.doctor,
            Measured::Git => &self.git,
            Measured::Now => &Fact::Absent,
        }
    }
}
