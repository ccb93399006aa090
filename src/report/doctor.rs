//! Output formats of `phx doctor`, one per file.

mod bars;
mod health;
pub(crate) mod json;
mod junit;
mod markdown;
pub(crate) mod nagios;
mod ndjson;
mod prometheus;
mod tap;
mod text;

use chrono::{DateTime, Utc};

use super::Color;
use crate::doctor::{CheckRecord, Outcome};

/// Result of a doctor run.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    /// Time of the run.
    pub now: DateTime<Utc>,
    /// Results of checks, in execution order.
    pub records: Vec<CheckRecord>,
    /// Whether passed checks are shown with details.
    pub verbose: bool,
    /// Whether passed and skipped checks are hidden.
    pub quiet: bool,
}

impl Run {
    /// Returns the number of checks with an outcome, without suppressed checks.
    pub(crate) fn count(&self, outcome: Outcome) -> usize {
        self.records.iter().filter(|record| record.suppressed.is_none() && record.result.outcome == outcome).count()
    }

    /// Returns the number of suppressed checks.
    pub(crate) fn suppressed(&self) -> usize {
        self.records.iter().filter(|record| record.suppressed.is_some()).count()
    }

    /// Returns the number of checks that passed or warned.
    pub(crate) fn verified(&self) -> usize {
        self.count(Outcome::Pass) + self.count(Outcome::Warn)
    }

    /// Returns a summary such as `6 passed, 1 warned`, without outcomes that did not occur.
    fn summary(&self) -> String {
        let words = [
            (Outcome::Pass, "passed"),
            (Outcome::Warn, "warned"),
            (Outcome::Fail, "failed"),
            (Outcome::Skip, "skipped"),
            (Outcome::Error, "with an error"),
        ];
        let parts: Vec<String> = words
            .iter()
            .map(|(outcome, word)| (self.count(*outcome), word))
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word}"))
            .chain((self.suppressed() > 0).then(|| format!("{} suppressed", self.suppressed())))
            .collect();
        if parts.is_empty() { "no checks ran".to_owned() } else { parts.join(", ") }
    }
}

/// Name and renderer of a format.
pub(crate) type DoctorFormat = (&'static str, fn(&Run, Color) -> String);

/// All formats. The first is the default.
pub(crate) const FORMATS: &[DoctorFormat] = &[
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
