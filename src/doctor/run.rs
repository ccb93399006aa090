//! Running checks: the time that each takes is measured, its deadline and that of the run are held, its own failure is an
//! error, and so is one that looked at nothing or whose control failed. What was interrupted is given up at once.

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

/// After this time a check that is still running is said to be slow.
const SLOW: Duration = Duration::from_secs(10);
/// How long all checks of one probe may take on one target by default.
pub const BOUND: Duration = Duration::from_secs(60);
/// The same with `--quick`.
pub const QUICK_BOUND: Duration = Duration::from_secs(30);

/// A check that is to be run on a subject.
pub struct CheckJob {
    /// The check.
    pub check: &'static Check,
    /// The subject.
    pub target: String,
    /// How long it may take, in milliseconds.
    pub deadline_ms: u64,
    /// Whether the bound for its probe and target applies to it; not if it was asked for by its id.
    pub is_bounded: bool,
    /// How it looks.
    pub look: Box<dyn FnOnce(Log) -> CheckFuture>,
}

/// What a person sees while checks run.
pub trait Progress {
    /// A check begins: which of how many.
    fn begins(&self, id: &str, target: &str, at: (usize, usize));
    /// A check is still running.
    fn is_slow(&self, id: &str, target: &str, deadline_ms: u64);
    /// Nothing is running any more.
    fn ends(&self);
}

/// What a run came to.
#[derive(Debug)]
pub struct RunResult {
    /// What each check came to, in their order.
    pub records: Vec<CheckRecord>,
    /// Whether somebody interrupted it.
    pub interrupted: bool,
}

/// Times at which running checks are given up.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The longest time of the whole run.
    pub run: Duration,
    /// The longest time of all checks of one probe on one target; `None` for no such bound.
    pub probe: Option<Duration>,
}

/// Runs the checks one after the other.
pub async fn all(
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
        super::after::settled().await;
        records.push(unconfigured_probes(record, secrets));
    }
    progress.ends();
    RunResult { records, interrupted: false }
}

/// Runs a check that takes no time worth limiting.
pub fn one(check: &Check, target: &str, now: DateTime<Utc>, look: impl FnOnce() -> CheckResult) -> CheckRecord {
    let watch = clock::Watch::start();
    let found = catch_unwind(AssertUnwindSafe(look)).unwrap_or_else(|_| failed());
    record(check, target, (now, watch.milliseconds(), check.deadline_ms), found, Vec::new())
}

/// The time of one probe on one target.
#[derive(Clone, Copy)]
struct Bound {
    all: Duration,
    spent: Duration,
}

impl Bound {
    fn left(self) -> Duration {
        self.all.saturating_sub(self.spent)
    }

    /// Result of a check for which there is no time.
    fn is_over(self, check: &Check, target: &str) -> CheckResult {
        let (probe, all) = (probe_of(check), self.all.as_secs());
        CheckResult::skip(format!("left out: the {all} s for `{probe}` on `{target}` are over"))
            .help("give all checks the time that they need", &["phx doctor --thorough"])
    }
}

/// The first word of a check's id.
fn probe_of(check: &Check) -> &'static str {
    check.id.split('.').next().unwrap_or_default()
}

/// Runs a check until its deadline, the bound of its probe, or the end of the run.
async fn within(
    job: CheckJob,
    end: Instant,
    bound: Option<Bound>,
    now: DateTime<Utc>,
    progress: &dyn Progress,
) -> CheckRecord {
    let CheckJob { check, target, deadline_ms, look, .. } = job;
    let (watch, log) = (clock::Watch::start(), Log::start());
    let own = Duration::from_millis(deadline_ms).min(end.saturating_duration_since(Instant::now()));
    let over = bound.filter(|bound| bound.left() < own);
    let deadline = over.map_or(own, Bound::left);
    let found = if let Some(over) = over.filter(|over| over.left().is_zero()) {
        over.is_over(check, &target)
    } else if deadline.is_zero() {
        CheckResult::error("the deadline of the whole run was over")
            .help("raise `[doctor] deadline`, or name fewer checks", &[])
    } else {
        let work = AssertUnwindSafe(async { look(log.clone()).await }).catch_unwind();
        let slow = async {
            tokio::time::sleep(SLOW).await;
            progress.is_slow(check.id, &target, deadline_ms);
            std::future::pending::<()>().await;
        };
        tokio::select! {
            done = timeout(deadline, work) => match done {
                Ok(found) => found.unwrap_or_else(|_| failed()),
                Err(_) if over.is_some() => over.map_or_else(failed, |over| over.is_over(check, &target)),
                Err(_) => CheckResult::error(format!("it was not done within {} ms", millis(deadline)))
                    .help(format!("give it more time: `[doctor] deadlines = {{ \"{}\" = \"…\" }}`", check.id), &[]),
            },
            () = slow => CheckResult::error("it was not done"),
        }
    };
    record(check, &target, (now, watch.milliseconds(), deadline_ms), found, log.lines())
}

fn failed() -> CheckResult {
    CheckResult::error("the check itself failed; please report what was printed above")
}

/// The record of what was found. What proved nothing is an error.
pub fn record(
    check: &Check,
    target: &str,
    (started, duration_ms, deadline_ms): (DateTime<Utc>, u64, u64),
    found: CheckResult,
    log: Vec<Evidence>,
) -> CheckRecord {
    let mut found = found;
    let verdict = matches!(found.outcome, Outcome::Pass | Outcome::Warn | Outcome::Fail);
    if verdict && found.observations == 0 {
        found = CheckResult { outcome: Outcome::Error, ..found }.detail("nothing was looked at, so nothing is known");
    }
    if let Some(control) = found.control.clone().filter(|control| verdict && control.outcome != Outcome::Pass) {
        let why = format!("{} did not work, so nothing is proven", control.kind);
        found = CheckResult { outcome: Outcome::Error, ..found }.detail(why);
    }
    if found.outcome == Outcome::Pass && duration_ms > deadline_ms {
        let why = format!("it took {duration_ms} ms, and may take {deadline_ms} ms");
        found = CheckResult { outcome: Outcome::Error, ..found }.detail(why);
    }
    found.evidence.splice(0..0, log);
    found.detail = plain(&found.detail);
    for line in &mut found.evidence {
        line.detail = plain(&line.detail);
    }
    for value in found.observed.values_mut() {
        *value = plain_json(value);
    }
    CheckRecord {
        id: check.id,
        target: target.to_owned(),
        claim: check.claim,
        found,
        started,
        duration_ms,
        deadline_ms,
        suppressed: None,
    }
}

/// A text without what a terminal would obey: what a subject said may hold anything.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\t' => out.push(letter),
            letter if letter.is_control() => out.extend(letter.escape_default()),
            letter => out.push(letter),
        }
    }
    out
}

fn plain_json(value: &serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::String(text) => Value::String(plain(text)),
        Value::Array(items) => items.iter().map(plain_json).collect(),
        Value::Object(map) => map.iter().map(|(key, value)| (plain(key), plain_json(value))).collect(),
        other => other.clone(),
    }
}

/// The record without secrets.
fn unconfigured_probes(mut record: CheckRecord, secrets: &Secrets) -> CheckRecord {
    let map = |map: &serde_json::Map<String, serde_json::Value>| {
        map.iter().map(|(key, value)| (secrets.redact(key), secrets.redact_json(value))).collect()
    };
    record.found.detail = secrets.redact(&record.found.detail);
    record.found.observed = map(&record.found.observed);
    record.found.expected = map(&record.found.expected);
    record.found.help.text = secrets.redact(&record.found.help.text);
    for line in &mut record.found.evidence {
        line.detail = secrets.redact(&line.detail);
    }
    record
}

/// Waits until somebody wants it to end: by SIGINT, SIGTERM, or SIGHUP unless phx was started with that ignored.
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

    const CHECK: Check = Check { id: "a.b", claim: "c", method: "m", opens: "nothing", harm: "", deadline_ms: 60_000 };

    fn outcome(look: impl FnOnce() -> CheckResult) -> Outcome {
        one(&CHECK, "t", DateTime::UNIX_EPOCH, look).found.outcome
    }

    #[test]
    fn what_looked_at_nothing_or_failed_itself_is_an_error() {
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
    fn the_bound_of_a_probe_and_target_leaves_out_what_does_not_fit() {
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
            CheckJob { check, target: target.to_owned(), deadline_ms: 60_000, is_bounded, look }
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
        let done = runtime.block_on(all(jobs, limits, DateTime::UNIX_EPOCH, &Secrets::default(), &Silent));
        let outcomes: Vec<Outcome> = done.records.iter().map(|record| record.found.outcome).collect();
        assert_eq!(outcomes, [Outcome::Skip, Outcome::Skip, Outcome::Pass, Outcome::Pass, Outcome::Pass]);
        assert_eq!(done.records[0].found.detail, "left out: the 1 s for `a` on `t` are over");
    }

    #[test]
    fn what_a_terminal_would_obey_is_shown() {
        let found = one(&CHECK, "t", DateTime::UNIX_EPOCH, || CheckResult::fail(1, "a\u{1b}[31mb\u{7}\n")).found;
        assert_eq!(found.detail, "a\\u{1b}[31mb\\u{7}\n");
    }

    #[test]
    fn a_verdict_whose_control_failed_is_an_error() {
        assert_eq!(outcome(|| CheckResult::fail(1, "why").control("a baseline", Outcome::Fail)), Outcome::Error);
        assert_eq!(outcome(|| CheckResult::pass(1).control("a baseline", Outcome::Pass)), Outcome::Pass);
    }
}
