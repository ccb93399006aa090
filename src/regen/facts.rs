//! Facts, from which templates are rendered. Tree facts come from the documents and the configuration; measured facts
//! come from reports and the Git history.

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

/// Tree facts of a run.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The table `[facts]` of the configuration.
    pub config: Value,
    /// All governed documents.
    pub documents: Value,
    /// Facts about the binary: `version`, `commands`, `rules`.
    pub program: Value,
    /// Time of the run, used to decide whether a suppression has expired.
    pub now: Option<DateTime<Utc>>,
}

impl Facts {
    /// Sets the time.
    #[must_use]
    pub fn at(self, now: DateTime<Utc>) -> Self {
        Self { now: Some(now), ..self }
    }

    /// Creates the facts of a configuration. `program` computes the facts about the binary on demand.
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

/// Value of a measured fact.
#[derive(Clone, Debug, Default)]
pub enum Fact {
    /// The source does not exist or is not used.
    #[default]
    Absent,
    Present(Value),
    /// The source exists but cannot be read; contains location and reason.
    Broken(String),
}

/// Measured facts for one document.
#[derive(Clone, Debug, Default)]
pub struct MeasuredFacts {
    pub coverage: Fact,
    /// Last result of `phx doctor`.
    pub doctor: Fact,
    /// Git history of the source files.
    pub git: Fact,
    /// Time of the run; `None` if rendered times must not change.
    pub now: Option<DateTime<Utc>>,
}

impl MeasuredFacts {
    pub fn of(&self, fact: Measured) -> &Fact {
        match fact {
            Measured::Coverage => &self.coverage,
            Measured::Doctor => &self.doctor,
            Measured::Git => &self.git,
            Measured::Now => &Fact::Absent,
        }
    }
}
