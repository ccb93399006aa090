//! Result of a check as the check itself reports it, before timing and policy are applied.

use std::pin::Pin;

use serde_json::{Map, Value};

use super::record::{Control, Evidence, Help, Latency, Outcome};

/// Outcome of a check with observations, evidence and help.
#[derive(Clone, Debug)]
pub struct CheckResult {
    pub outcome: Outcome,
    /// Reason for the outcome; empty if the check passes without a remark.
    pub detail: String,
    /// Observed values by name.
    pub observed: Map<String, Value>,
    /// Expected values by name.
    pub expected: Map<String, Value>,
    /// Number of counted measurements. With 0, `pass`, `warn` and `fail` become `error`.
    pub observations: u64,
    /// Positive control: an operation that must succeed before a refusal counts.
    pub control: Option<Control>,
    /// Number of attempts; 1 by default.
    pub attempts: u64,
    /// Response times, if the check measures them.
    pub latency: Option<Latency>,
    /// Events during the check, in order.
    pub evidence: Vec<Evidence>,
    /// Instructions that resolve the problem.
    pub help: Help,
}

/// Result of a check that may stop early; the error is a result too.
pub type CheckVerdict = Result<CheckResult, Box<CheckResult>>;

pub type CheckFuture = Pin<Box<dyn Future<Output = CheckResult>>>;

/// Boxes a check that may stop early.
pub fn boxed(check: impl Future<Output = CheckVerdict> + 'static) -> CheckFuture {
    Box::pin(async { check.await.unwrap_or_else(|stop| *stop) })
}

impl CheckResult {
    /// Creates a result with an outcome and a number of observations.
    pub fn new(outcome: Outcome, observations: u64) -> Self {
        Self {
            outcome,
            detail: String::new(),
            observed: Map::new(),
            expected: Map::new(),
            observations,
            control: None,
            attempts: 1,
            latency: None,
            evidence: Vec::new(),
            help: Help::default(),
        }
    }

    /// Creates a result for a claim that holds.
    pub fn pass(observations: u64) -> Self {
        Self::new(Outcome::Pass, observations)
    }

    /// Creates a result for a claim that does not hold.
    pub fn fail(observations: u64, why: impl Into<String>) -> Self {
        Self::new(Outcome::Fail, observations).detail(why)
    }

    /// Creates a result for a claim that holds with a remark.
    pub fn warn(observations: u64, why: impl Into<String>) -> Self {
        Self::new(Outcome::Warn, observations).detail(why)
    }

    /// Creates a result for a check that did not run.
    pub fn skip(why: impl Into<String>) -> Self {
        Self::new(Outcome::Skip, 0).detail(why)
    }

    /// Creates a result for a check that could not decide.
    pub fn error(why: impl Into<String>) -> Self {
        Self::new(Outcome::Error, 0).detail(why)
    }

    /// Returns the result as an error, so that `?` stops the check.
    pub fn stop<T>(self) -> Result<T, Box<Self>> {
        Err(Box::new(self))
    }

    /// Sets the reason.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// Adds an observed value.
    #[must_use]
    pub fn observed(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.observed.insert(name.to_owned(), value.into());
        self
    }

    /// Adds an expected value.
    #[must_use]
    pub fn expected(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.expected.insert(name.to_owned(), value.into());
        self
    }

    /// Sets the control. Unless its outcome is `Pass`, the result becomes an `error`.
    #[must_use]
    pub fn control(mut self, kind: &str, outcome: Outcome) -> Self {
        self.control = Some(Control { kind: kind.to_owned(), outcome });
        self
    }

    /// Sets the number of attempts.
    #[must_use]
    pub fn attempts(mut self, attempts: u64) -> Self {
        self.attempts = attempts;
        self
    }

    /// Sets the response times and adds their quantiles to the observed values.
    #[must_use]
    pub fn latency(self, latency: Latency) -> Self {
        let with = self.observed("p50_ms", latency.p50_ms).observed("p99_ms", latency.p99_ms);
        Self { latency: Some(latency), ..with }
    }

    /// Adds an event without a time to the evidence.
    #[must_use]
    pub fn evidence(mut self, event: &str, detail: impl Into<String>) -> Self {
        self.evidence.push(Evidence { t_ms: 0, event: event.to_owned(), detail: detail.into() });
        self
    }

    /// Sets the help text and its commands.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>, commands: &[&str]) -> Self {
        self.help = Help { text: text.into(), commands: commands.iter().map(|one| (*one).to_owned()).collect() };
        self
    }
}
