//! What `phx doctor` found: one vector of records, one format a file.

mod bars;
mod health;
pub mod json;
mod junit;
mod markdown;
pub mod nagios;
mod ndjson;
mod prometheus;
mod tap;
mod text;

use chrono::{DateTime, Utc};

use super::Color;
use crate::doctor::{CheckRecord, Outcome};

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Run {
    /// The time that it was made at.
    pub now: DateTime<Utc>,
    /// What each check came to, in the order in which they ran.
    pub records: Vec<CheckRecord>,
    /// Whether passing checks are told in full.
    pub verbose: bool,
    /// Whether only what is not as it should be is told.
    pub quiet: bool,
}

impl Run {
    /// How many checks came to an outcome that counts.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.records.iter().filter(|record| record.suppressed.is_none() && record.found.outcome == outcome).count()
    }

    /// How many checks came to an outcome that does not count.
    pub fn suppressed(&self) -> usize {
        self.records.iter().filter(|record| record.suppressed.is_some()).count()
    }

    /// How many checks were done, and did not fail.
    pub fn verified(&self) -> usize {
        self.count(Outcome::Pass) + self.count(Outcome::Warn)
    }

    /// `6 passed, 1 warned`; what did not happen is left out.
    fn summary(&self) -> String {
        let words = [
            (Outcome::Pass, "passed"),
            (Outcome::Warn, "warned"),
            (Outcome::Fail, "failed"),
            (Outcome::Skip, "skipped"),
            (Outcome::Error, "with an error"),
        ];
        let said: Vec<String> = words
            .iter()
            .map(|(outcome, word)| (self.count(*outcome), word))
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word}"))
            .chain((self.suppressed() > 0).then(|| format!("{} suppressed", self.suppressed())))
            .collect();
        if said.is_empty() { "nothing was checked".to_owned() } else { said.join(", ") }
    }
}

/// A format: its name, and how a run looks in it.
pub type DoctorFormat = (&'static str, fn(&Run, Color) -> String);

/// All formats. A new one is one line.
pub const FORMATS: &[DoctorFormat] = &[
    ("text", text::render),
    ("json", json::render),
    ("ndjson", ndjson::render),
    ("junit", junit::render),
    ("tap", tap::render),
    ("prometheus", prometheus::render),
    ("nagios", nagios::render),
    ("health+json", health::render),
    ("markdown", markdown::render),
];
