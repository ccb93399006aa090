//! Running checks: the time that each takes is measured, its deadline is held, and one that looked at nothing is an error.

use std::panic::{AssertUnwindSafe, catch_unwind};

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::Check;
use super::record::{Evidence, Outcome, Record, Remedy};
use crate::system::clock;

/// What a check found.
#[derive(Clone, Debug)]
pub struct Found {
    /// What it came to.
    pub outcome: Outcome,
    /// What is the matter, in a sentence.
    pub detail: String,
    /// What was seen.
    pub observed: Map<String, Value>,
    /// What should have been seen.
    pub expected: Map<String, Value>,
    /// How many things were looked at.
    pub observations: u64,
    /// What happened on the way.
    pub evidence: Vec<Evidence>,
    /// What mends it.
    pub remedy: Remedy,
}

impl Found {
    /// Something that was looked at, as often as that.
    pub fn new(outcome: Outcome, observations: u64) -> Self {
        Self {
            outcome,
            detail: String::new(),
            observed: Map::new(),
            expected: Map::new(),
            observations,
            evidence: Vec::new(),
            remedy: Remedy::default(),
        }
    }

    /// What is true where the check passes is true.
    pub fn pass(observations: u64) -> Self {
        Self::new(Outcome::Pass, observations)
    }

    /// It was not asked.
    pub fn skip(why: impl Into<String>) -> Self {
        Self::new(Outcome::Skip, 0).detail(why)
    }

    /// Nobody knows.
    pub fn error(why: impl Into<String>) -> Self {
        Self::new(Outcome::Error, 0).detail(why)
    }

    /// With a sentence of what is the matter.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// With something that was seen.
    #[must_use]
    pub fn observed(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.observed.insert(name.to_owned(), value.into());
        self
    }

    /// With something that should have been seen.
    #[must_use]
    pub fn expected(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.expected.insert(name.to_owned(), value.into());
        self
    }

    /// With a line of evidence.
    #[must_use]
    pub fn evidence(mut self, event: &str, detail: impl Into<String>) -> Self {
        self.evidence.push(Evidence { t_ms: 0, event: event.to_owned(), detail: detail.into() });
        self
    }

    /// With what mends it.
    #[must_use]
    pub fn remedy(mut self, text: impl Into<String>, commands: &[&str]) -> Self {
        self.remedy = Remedy { text: text.into(), commands: commands.iter().map(|one| (*one).to_owned()).collect() };
        self
    }
}

/// Runs a check on a subject. Its own failure is an error, and so is one that looked at nothing.
pub fn one(check: &Check, target: &str, now: DateTime<Utc>, look: impl FnOnce() -> Found) -> Record {
    let watch = clock::Watch::start();
    let mut found = catch_unwind(AssertUnwindSafe(look)).unwrap_or_else(|_| Found::error("the check itself failed"));
    let duration_ms = watch.milliseconds();
    let verdict = matches!(found.outcome, Outcome::Pass | Outcome::Warn | Outcome::Fail);
    if verdict && found.observations == 0 {
        found = Found { outcome: Outcome::Error, ..found }.detail("nothing was looked at, so nothing is known");
    }
    if found.outcome == Outcome::Pass && duration_ms > check.deadline_ms {
        let why = format!("it took {duration_ms} ms, and may take {} ms", check.deadline_ms);
        found = Found { outcome: Outcome::Error, ..found }.detail(why);
    }
    let Found { outcome, detail, observed, expected, observations, evidence, remedy } = found;
    Record {
        id: check.id,
        target: target.to_owned(),
        outcome,
        claim: check.claim,
        detail,
        observed,
        expected,
        observations,
        started: now,
        duration_ms,
        deadline_ms: check.deadline_ms,
        evidence,
        remedy,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHECK: Check = Check { id: "a.b", claim: "c", method: "m", deadline_ms: 60_000 };

    fn outcome(look: impl FnOnce() -> Found) -> Outcome {
        one(&CHECK, "t", DateTime::UNIX_EPOCH, look).outcome
    }

    #[test]
    fn what_looked_at_nothing_or_failed_itself_is_an_error() {
        assert_eq!(outcome(|| Found::pass(1)), Outcome::Pass);
        assert_eq!(outcome(|| Found::pass(0)), Outcome::Error);
        assert_eq!(outcome(|| Found::new(Outcome::Fail, 0)), Outcome::Error);
        assert_eq!(outcome(|| Found::skip("why")), Outcome::Skip);
        assert_eq!(outcome(|| panic!("on purpose")), Outcome::Error);
    }
}
