//! Runs checks one after the other, with timeouts per check, per probe and per run. Panics, zero observations and
//! failed controls become `Outcome::Error`. An interrupt stops the run at once.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::FutureExt;
use tokio::time::{Instant, timeout};

use super::Check;
use super::check_result::{CheckFuture, CheckResult};
use super::log::{Log, millis};
use super::record::{CheckRecord, Evidence, Outcome};
use super::secrets::Secrets;
use crate::system::clock;

/// Time after which a running check is reported as slow.
const SLOW: Duration = Duration::from_secs(10);
/// Default time limit for all checks of one probe on one target.
pub const BOUND: Duration = Duration::from_secs(60);
/// Time limit for all checks of one probe on one target with `--quick`.
pub const QUICK_BOUND: Duration = Duration::from_secs(30);

/// Check to run on a target.
pub struct CheckJob {
    pub check: &'static Check,
    pub target: String,
    /// Timeout, in milliseconds.
    pub deadline_ms: u64,
    /// Whether the time limit per probe and target applies; false if the check was selected by its id.
    pub is_bounded: bool,
    /// Starts the check.
    pub run_check: Box<dyn FnOnce(Log) -> CheckFuture>,
}

/// Receiver of progress events.
pub trait Progress {
    /// Called when a check starts; `at` is its number, from 1, and the number of all checks.
    fn begins(&self, id: &str, target: &str, at: (usize, usize));
    /// Called once when a check has been running for ten seconds.
    fn is_slow(&self, id: &str, target: &str, deadline_ms: u64);
    /// Called after the last check.
    fn ends(&self);
}

/// Result of a run.
#[derive(Debug)]
pub struct RunResult {
    /// Results in the order of the checks.
    pub records: Vec<CheckRecord>,
    /// Whether a signal interrupted the run.
    pub interrupted: bool,
}

/// Time limits of a run.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Timeout of the whole run.
    pub run: Duration,
    /// Time limit for all checks of one probe on one target; `None` if there is none.
    pub probe: Option<Duration>,
}

/// Runs the checks in order, until the last one or an interrupt.
pub async fn run_checks(
    jobs: Vec<CheckJob>,
    limits: Limits,
    now: DateTime<Utc>,
    secrets: &Secrets,
    progress: &dyn Progress,
) -> RunResult {
    let end = Instant::now() + limits.run;
    let (mut records, count) = (Vec::new(), jobs.len());
    let mut spent: BTreeMap<(&str, String), Duration> = BTreeMap::new();
    let mut interrupt = std::pin::pin!(interruption());
    for (at, job) in jobs.into_iter().enumerate() {
        progress.begins(job.check.id, &job.target, (at + 1, count));
        let spent = spent.entry((probe_of(job.check), job.target.clone())).or_default();
        let bound = limits.probe.filter(|_| job.is_bounded).map(|bound| Bound { all: bound, spent: *spent });
        let start = Instant::now();
        let record = tokio::select! {
            biased;
            () = &mut interrupt => {
                progress.ends();
                super::ending::kill_orphans();
                return RunResult { records, interrupted: true };
            }
            record = within(job, end, bound, now, progress) => record,
        };
        *spent += start.elapsed();
        super::ending::kill_orphans();
        super::after::finished().await;
        records.push(redact_record(record, secrets));
    }
    progress.ends();
    RunResult { records, interrupted: false }
}

/// Runs a synchronous check without a timeout; a panic becomes an `error`.
pub fn run_sync(
    check: &Check,
    target: &str,
    now: DateTime<Utc>,
    run_check: impl FnOnce() -> CheckResult,
) -> CheckRecord {
    let watch = clock::Watch::start();
    let found = catch_unwind(AssertUnwindSafe(run_check)).unwrap_or_else(|_| failed());
    record(check, target, (now, watch.milliseconds(), check.deadline_ms), found, Vec::new())
}

/// Time limit of one probe on one target, and the time used so far.
#[derive(Clone, Copy)]
struct Bound {
    all: Duration,
    spent: Duration,
}

impl Bound {
    fn remaining(self) -> Duration {
        self.all.saturating_sub(self.spent)
    }

    /// Returns the result of a check for which no time remains.
    fn exceeded(self, check: &Check, target: &str) -> CheckResult {
        let (probe, all) = (probe_of(check), self.all.as_secs());
        CheckResult::skip(format!("the time limit of {all} s for `{probe}` on `{target}` is used up"))
            .help("run all checks without this time limit", &["phx doctor --thorough"])
    }
}

/// Returns the first segment of a check id.
fn probe_of(check: &Check) -> &'static str {
    check.id.split('.').next().unwrap_or_default()
}

/// Runs a check until its timeout, the time limit of its probe, or the end of the run, whichever is first.
async fn within(
    job: CheckJob,
    end: Instant,
    bound: Option<Bound>,
    now: DateTime<Utc>,
    progress: &dyn Progress,
) -> CheckRecord {
    let CheckJob { check, target, deadline_ms, run_check, .. } = job;
    let (watch, log) = (clock::Watch::start(), Log::start());
    let own = Duration::from_millis(deadline_ms).min(end.saturating_duration_since(Instant::now()));
    let over = bound.filter(|bound| bound.remaining() < own);
    let deadline = over.map_or(own, Bound::remaining);
    let found = if let Some(over) = over.filter(|over| over.remaining().is_zero()) {
        over.exceeded(check, &target)
    } else if deadline.is_zero() {
        CheckResult::error("the timeout of the whole run was reached before this check")
            .help("raise `[doctor] deadline`, or select fewer checks", &[])
    } else {
        let work = AssertUnwindSafe(async { run_check(log.clone()).await }).catch_unwind();
        let slow = async {
            tokio::time::sleep(SLOW).await;
            progress.is_slow(check.id, &target, deadline_ms);
            std::future::pending::<()>().await;
        };
        tokio::select! {
            done = timeout(deadline, work) => match done {
                Ok(found) => found.unwrap_or_else(|_| failed()),
                Err(_) if over.is_some() => over.map_or_else(failed, |over| over.exceeded(check, &target)),
                Err(_) => CheckResult::error(format!("timed out after {} ms", millis(deadline)))
                    .help(format!("raise the timeout: `[doctor] deadlines = {{ \"{}\" = \"…\" }}`", check.id), &[]),
            },
            () = slow => CheckResult::error("timed out"),
        }
    };
    record(check, &target, (now, watch.milliseconds(), deadline_ms), found, log.lines())
}

fn failed() -> CheckResult {
    CheckResult::error("the check panicked; report the panic message above as a bug of phx")
}

/// Creates the record of a result. A decided outcome without observations or with a failed control, and a `pass` after
/// the timeout, become an `error`.
pub fn record(
    check: &Check,
    target: &str,
    (started, duration_ms, deadline_ms): (DateTime<Utc>, u64, u64),
    found: CheckResult,
    log: Vec<Evidence>,
) -> CheckRecord {
    let mut found = found;
    let is_decided = matches!(found.outcome, Outcome::Pass | Outcome::Warn | Outcome::Fail);
    if is_decided && found.observations == 0 {
        found = CheckResult { outcome: Outcome::Error, ..found }.detail("inconclusive: no observations");
    }
    if let Some(control) = found.control.clone().filter(|control| is_decided && control.outcome != Outcome::Pass) {
        let why = format!("inconclusive: control `{}` failed", control.kind);
        found = CheckResult { outcome: Outcome::Error, ..found }.detail(why);
    }
    if found.outcome == Outcome::Pass && duration_ms > deadline_ms {
        let why = format!("took {duration_ms} ms; the timeout is {deadline_ms} ms");
        found = CheckResult { outcome: Outcome::Error, ..found }.detail(why);
    }
    found.evidence.splice(0..0, log);
    found.detail = escape_controls(&found.detail);
    for line in &mut found.evidence {
        line.detail = escape_controls(&line.detail);
    }
    for value in found.observed.values_mut() {
        *value = escape_json(value);
    }
    CheckRecord {
        id: check.id,
        target: target.to_owned(),
        claim: check.claim,
        result: found,
        started,
        duration_ms,
        deadline_ms,
        suppressed: None,
    }
}

/// Escapes control characters, except line feeds and tabs: a target may print escape sequences that a terminal would
/// execute.
fn escape_controls(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\t' => out.push(character),
            character if character.is_control() => out.extend(character.escape_default()),
            character => out.push(character),
        }
    }
    out
}

fn escape_json(value: &serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::String(text) => Value::String(escape_controls(text)),
        Value::Array(items) => items.iter().map(escape_json).collect(),
        Value::Object(map) => map.iter().map(|(key, value)| (escape_controls(key), escape_json(value))).collect(),
        other => other.clone(),
    }
}

/// Replaces the secrets in all texts of a record.
fn redact_record(mut record: CheckRecord, secrets: &Secrets) -> CheckRecord {
    let map = |map: &serde_json::Map<String, serde_json::Value>| {
        map.iter().map(|(key, value)| (secrets.redact(key), secrets.redact_json(value))).collect()
    };
    record.result.detail = secrets.redact(&record.result.detail);
    record.result.observed = map(&record.result.observed);
    record.result.expected = map(&record.result.expected);
    record.result.help.text = secrets.redact(&record.result.help.text);
    for line in &mut record.result.evidence {
        line.detail = secrets.redact(&line.detail);
    }
    record
}

/// Waits for SIGINT, SIGTERM, or SIGHUP (unless phx was started with SIGHUP ignored).
pub async fn interruption() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let hangup = (!super::ending::ignores_hangup()).then(|| signal(SignalKind::hangup()));
        if let (Ok(mut interrupt), Ok(mut end)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) {
            let hangup = async {
                match hangup {
                    Some(Ok(mut hangup)) => hangup.recv().await,
                    _ => std::future::pending().await,
                }
            };
            tokio::select! { _ = interrupt.recv() => {}, _ = end.recv() => {}, _ = hangup => {} }
            return;
        }
    }
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHECK: Check =
        Check { id: "a.b", claim: "c", method: "m", side_effects: "nothing", risk: "", deadline_ms: 60_000 };

    fn outcome(run_check: impl FnOnce() -> CheckResult) -> Outcome {
        run_sync(&CHECK, "t", DateTime::UNIX_EPOCH, run_check).result.outcome
    }

    #[test]
    fn zero_observations_and_panics_become_errors() {
        assert_eq!(outcome(|| CheckResult::pass(1)), Outcome::Pass);
        assert_eq!(outcome(|| CheckResult::pass(0)), Outcome::Error);
        assert_eq!(outcome(|| CheckResult::new(Outcome::Fail, 0)), Outcome::Error);
        assert_eq!(outcome(|| CheckResult::skip("why")), Outcome::Skip);
        assert_eq!(outcome(|| panic!("on purpose")), Outcome::Error);
    }

    struct Silent;

    impl Progress for Silent {
        fn begins(&self, _: &str, _: &str, _: (usize, usize)) {}
        fn is_slow(&self, _: &str, _: &str, _: u64) {}
        fn ends(&self) {}
    }

    #[test]
    fn the_time_limit_of_a_probe_skips_the_remaining_checks() {
        const OTHER: Check = Check { id: "b.b", ..CHECK };
        let job = |check: &'static Check, target: &str, is_bounded, is_endless| {
            let look = Box::new(move |_| -> CheckFuture {
                Box::pin(async move {
                    if is_endless {
                        std::future::pending::<()>().await;
                    }
                    CheckResult::pass(1)
                })
            });
            CheckJob { check, target: target.to_owned(), deadline_ms: 60_000, is_bounded, run_check: look }
        };
        let jobs = vec![
            job(&CHECK, "t", true, true),
            job(&CHECK, "t", true, false),
            job(&CHECK, "t", false, false),
            job(&CHECK, "u", true, false),
            job(&OTHER, "t", true, false),
        ];
        let limits = Limits { run: Duration::from_secs(60), probe: Some(Duration::from_secs(1)) };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let done = runtime.block_on(run_checks(jobs, limits, DateTime::UNIX_EPOCH, &Secrets::default(), &Silent));
        let outcomes: Vec<Outcome> = done.records.iter().map(|record| record.result.outcome).collect();
        assert_eq!(outcomes, [Outcome::Skip, Outcome::Skip, Outcome::Pass, Outcome::Pass, Outcome::Pass]);
        assert_eq!(done.records[0].result.detail, "the time limit of 1 s for `a` on `t` is used up");
    }

    #[test]
    fn control_characters_are_escaped() {
        let found = run_sync(&CHECK, "t", DateTime::UNIX_EPOCH, || CheckResult::fail(1, "a\u{1b}[31mb\u{7}\n")).result;
        assert_eq!(found.detail, "a\\u{1b}[31mb\\u{7}\n");
    }

    #[test]
    fn a_failed_control_becomes_an_error() {
        assert_eq!(outcome(|| CheckResult::fail(1, "why").control("baseline", Outcome::Fail)), Outcome::Error);
        assert_eq!(outcome(|| CheckResult::pass(1).control("baseline", Outcome::Pass)), Outcome::Pass);
    }
}
