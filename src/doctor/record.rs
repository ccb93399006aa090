//! What a check came to: one record, from which every format is rendered.

use chrono::{DateTime, Utc};

use super::check_result::CheckResult;

/// What a check came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// What it claims is true.
    Pass,
    /// It is true, and something beside is not as it should be.
    Warn,
    /// It was not asked: why is in the detail.
    Skip,
    /// It is not true.
    Fail,
    /// Nobody knows: the check itself could not be done.
    Error,
}

impl Outcome {
    /// All of them, from best to worst as exit codes see them.
    pub const ALL: &[Self] = &[Self::Pass, Self::Warn, Self::Skip, Self::Fail, Self::Error];

    /// As programs read it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Skip => "skip",
            Self::Fail => "fail",
            Self::Error => "error",
        }
    }
}

/// What happened on the way.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// Milliseconds since the check began.
    pub t_ms: u64,
    /// What happened, in a word.
    pub event: String,
    /// The rest.
    pub detail: String,
}

/// What mends it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Help {
    /// In words.
    pub text: String,
    /// As commands.
    pub commands: Vec<String>,
}

/// What must work for a refusal to mean anything, and whether it did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Control {
    /// What was tried.
    pub kind: String,
    /// Whether it worked.
    pub outcome: Outcome,
}

/// How long answers took, in milliseconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Latency {
    /// Half of them took no longer.
    pub p50_ms: f64,
    /// 99 of 100 took no longer.
    pub p99_ms: f64,
    /// None took longer.
    pub max_ms: f64,
    /// How many fell between the powers of two from 1/16 ms on.
    pub buckets: Vec<u64>,
}

/// Why a result does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppressed {
    /// Why.
    pub reason: String,
    /// The last day on which it does not.
    pub until: chrono::NaiveDate,
}

/// What a check came to, on one subject.
#[derive(Clone, Debug)]
pub struct CheckRecord {
    /// The check.
    pub id: &'static str,
    /// The subject.
    pub target: String,
    /// What is true where it passes.
    pub claim: &'static str,
    /// What it found.
    pub found: CheckResult,
    /// When it began.
    pub started: DateTime<Utc>,
    /// How long it took.
    pub duration_ms: u64,
    /// How long it may take.
    pub deadline_ms: u64,
    /// Why it does not count, if it does not.
    pub suppressed: Option<Suppressed>,
}

impl CheckRecord {
    /// What it counts as, and what is said of it: what is suppressed counts as skipped.
    pub fn shown(&self) -> (Outcome, String) {
        match &self.suppressed {
            None => (self.found.outcome, self.found.detail.clone()),
            Some(Suppressed { reason, until }) => {
                let said = format!(
                    "suppressed until {until} ({reason}): {}: {}",
                    self.found.outcome.name(),
                    self.found.detail
                );
                (Outcome::Skip, said)
            }
        }
    }
}
