//! What a check found, as it says it itself.

use std::pin::Pin;

use serde_json::{Map, Value};

use super::record::{Control, Evidence, Help, Latency, Outcome};

/// What a check found.
#[derive(Clone, Debug)]
pub struct CheckResult {
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
    /// What must work for the rest to mean anything.
    pub control: Option<Control>,
    /// How often it was tried.
    pub attempts: u64,
    /// How long answers took.
    pub latency: Option<Latency>,
    /// What happened on the way.
    pub evidence: Vec<Evidence>,
    /// What mends it.
    pub help: Help,
}

/// What a check found, or why it ended early; both are results.
pub type CheckVerdict = Result<CheckResult, Box<CheckResult>>;

/// A check at work.
pub type CheckFuture = Pin<Box<dyn Future<Output = CheckResult>>>;

/// A check at work that may end early.
pub fn boxed(check: impl Future<Output = CheckVerdict> + 'static) -> CheckFuture {
    Box::pin(async { check.await.unwrap_or_else(|stop| *stop) })
}

impl CheckResult {
    /// Something that was looked at, as often as that.
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

    /// What is true where the check passes is true.
    pub fn pass(observations: u64) -> Self {
        Self::new(Outcome::Pass, observations)
    }

    /// It is not true.
    pub fn fail(observations: u64, why: impl Into<String>) -> Self {
        Self::new(Outcome::Fail, observations).detail(why)
    }

    /// It is true, and something beside is not as it should be.
    pub fn warn(observations: u64, why: impl Into<String>) -> Self {
        Self::new(Outcome::Warn, observations).detail(why)
    }

    /// It was not asked.
    pub fn skip(why: impl Into<String>) -> Self {
        Self::new(Outcome::Skip, 0).detail(why)
    }

    /// Nobody knows.
    pub fn error(why: impl Into<String>) -> Self {
        Self::new(Outcome::Error, 0).detail(why)
    }

    /// As the reason to end early.
    pub fn stop<T>(self) -> Result<T, Box<Self>> {
        Err(Box::new(self))
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

    /// With the control: what must work, and whether it did. Without that, nothing is proven.
    #[must_use]
    pub fn control(mut self, kind: &str, works: Outcome) -> Self {
        self.control = Some(Control { kind: kind.to_owned(), outcome: works });
        self
    }

    /// With how often it was tried.
    #[must_use]
    pub fn attempts(mut self, attempts: u64) -> Self {
        self.attempts = attempts;
        self
    }

    /// With how long answers took, and their quantiles among what was seen.
    #[must_use]
    pub fn latency(self, latency: Latency) -> Self {
        let with = self.observed("p50_ms", latency.p50_ms).observed("p99_ms", latency.p99_ms);
        Self { latency: Some(latency), ..with }
    }

    /// With a line of evidence.
    #[must_use]
    pub fn evidence(mut self, event: &str, detail: impl Into<String>) -> Self {
        self.evidence.push(Evidence { t_ms: 0, event: event.to_owned(), detail: detail.into() });
        self
    }

    /// With what mends it.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>, commands: &[&str]) -> Self {
        self.help = Help { text: text.into(), commands: commands.iter().map(|one| (*one).to_owned()).collect() };
        self
    }
}
