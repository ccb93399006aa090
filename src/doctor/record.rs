//! Record of a check, from which every output format is rendered.

use chrono::{DateTime, Utc};

use super::check_result::CheckResult;

/// Outcome of a check. The order is that of severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The claim holds.
    Pass,
    /// The claim holds with a remark.
    Warn,
    /// The check did not run; the detail gives the reason.
    Skip,
    /// The claim does not hold.
    Fail,
    /// The check could not decide.
    Error,
}

impl Outcome {
    /// All outcomes, from best to worst.
    pub const ALL: &[Self] = &[Self::Pass, Self::Warn, Self::Skip, Self::Fail, Self::Error];

    /// Returns the name used in JSON output.
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

/// Event during a check.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// Milliseconds since the start of the check.
    pub t_ms: u64,
    /// Short name of the event.
    pub event: String,
    pub detail: String,
}

/// Instructions that resolve a problem.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Help {
    /// Instruction as a phrase in the imperative.
    pub text: String,
    /// Commands that can be copied.
    pub commands: Vec<String>,
}

/// Positive control: an operation that must succeed before a refusal counts, with its outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Control {
    /// Name of the operation.
    pub kind: String,
    pub outcome: Outcome,
}

/// Response times, in milliseconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Latency {
    /// Median.
    pub p50_ms: f64,
    /// 99th percentile.
    pub p99_ms: f64,
    pub max_ms: f64,
    /// Counts per power of two, starting at 1/16 ms.
    pub buckets: Vec<u64>,
}

/// Suppression that excludes a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppressed {
    pub reason: String,
    /// Last day of the suppression.
    pub until: chrono::NaiveDate,
}

/// Result of one check on one target.
#[derive(Clone, Debug)]
pub struct CheckRecord {
    pub id: &'static str,
    pub target: String,
    /// Claim of the check.
    pub claim: &'static str,
    pub result: CheckResult,
    pub started: DateTime<Utc>,
    pub duration_ms: u64,
    /// Timeout of the check, in milliseconds.
    pub deadline_ms: u64,
    /// Suppression that applies to the result, if any.
    pub suppressed: Option<Suppressed>,
}

impl CheckRecord {
    /// Returns the outcome and detail to report; a suppressed result counts as skipped.
    pub fn shown(&self) -> (Outcome, String) {
        match &self.suppressed {
            None => (self.result.outcome, self.result.detail.clone()),
            Some(Suppressed { reason, until }) => {
                let detail = format!(
                    "suppressed until {until} ({reason}): {}: {}",
                    self.result.outcome.name(),
                    self.result.detail
                );
                (Outcome::Skip, detail)
            }
        }
    }
}
