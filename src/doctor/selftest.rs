//! `phx doctor --self-test`: runs every check on conforming and defective fixtures. A check that cannot distinguish
//! them proves nothing.

mod cluster;
mod db;
pub mod host;
mod ipc;
mod pty;
mod repo;
mod server;
mod ws;

use std::rc::Rc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use tokio::time::timeout;

use cluster::Lazy;

use super::after;
use super::check_result::{CheckFuture, CheckResult};
use super::log::millis;
use super::record::{CheckRecord, Outcome};
use super::run::{self, Progress, RunResult};
use super::{Check, matches_selector};

/// Number of cases that run concurrently.
const CONCURRENCY: usize = 3;
/// Maximum number of runs of a case whose result is `error`.
const ATTEMPTS: usize = 3;
/// Timeout of one run of a case.
const CASE_TIMEOUT: Duration = Duration::from_secs(90);

/// Expected result of a check on a fixture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FixtureKind {
    /// The check must pass.
    Conforming,
    /// The check must fail or warn.
    Defective,
}

/// Check on one fixture.
pub struct FixtureCase {
    pub check: &'static Check,
    pub kind: FixtureKind,
    /// Short description of the fixture.
    pub subject: &'static str,
    /// Starts the check on a new instance of the fixture.
    pub look: Box<dyn Fn() -> CheckFuture>,
}

/// Returns all cases, sorted by check id, conforming fixtures first.
fn cases(cluster: &Rc<Lazy>) -> Vec<FixtureCase> {
    let mut cases = repo::cases();
    cases.extend(pty::cases());
    cases.extend(ws::cases());
    cases.extend(ipc::cases());
    cases.extend(db::cases(cluster));
    cases.sort_by_key(|case| (case.check.id, case.kind == FixtureKind::Defective));
    cases
}

/// Runs the cases of the checks that match one of the selectors; all cases if there are no selectors.
///
/// # Errors
/// Returns an error if the event loop cannot be created.
pub fn all(globs: &[String], now: DateTime<Utc>, progress: &dyn Progress) -> Result<RunResult, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("cannot create an event loop: {error}"))?;
    let is_selected =
        |case: &FixtureCase| globs.is_empty() || globs.iter().any(|glob| matches_selector(glob, case.check.id));
    let cluster = Rc::new(Lazy::default());
    let cases: Vec<FixtureCase> = cases(&cluster).into_iter().filter(is_selected).collect();
    let count = cases.len();
    let work = async {
        let runs = cases.into_iter().enumerate().map(|(at, case)| async move {
            progress.begins(case.check.id, case.subject, (at + 1, count));
            (at, one(case, now).await)
        });
        let mut records: Vec<(usize, CheckRecord)> =
            futures_util::stream::iter(runs).buffer_unordered(CONCURRENCY).collect().await;
        records.sort_by_key(|(at, _)| *at);
        records.into_iter().map(|(_, record)| record).collect()
    };
    let done = runtime.block_on(async {
        tokio::select! {
            () = run::interruption() => RunResult { records: Vec::new(), interrupted: true },
            records = work => RunResult { records, interrupted: false },
        }
    });
    progress.ends();
    runtime.shutdown_background();
    after::wait_all();
    Ok(done)
}

async fn one(case: FixtureCase, now: DateTime<Utc>) -> CheckRecord {
    let FixtureCase { check, kind, subject, look: run_check } = case;
    let start = std::time::Instant::now();
    let mut found = CheckResult::error("the check did not run");
    // A check that could not decide, for example on a busy machine, runs again; a wrong result is final.
    for _ in 0..ATTEMPTS {
        found = timeout(CASE_TIMEOUT, run_check())
            .await
            .unwrap_or_else(|_| CheckResult::error(format!("timed out after {} ms", millis(CASE_TIMEOUT))));
        if found.outcome != Outcome::Error {
            break;
        }
    }
    let mut result = match (kind, found.outcome) {
        (_, Outcome::Skip) => CheckResult::skip(found.detail.as_str()),
        (FixtureKind::Conforming, Outcome::Pass) | (FixtureKind::Defective, Outcome::Fail | Outcome::Warn) => {
            let detail = if found.detail.is_empty() { String::new() } else { format!(": {}", found.detail) };
            CheckResult::pass(1)
                .observed("said", found.outcome.name())
                .detail(format!("reported `{}`{detail}", found.outcome.name()))
        }
        (_, outcome) => {
            let word = if kind == FixtureKind::Conforming { "conforming" } else { "defective" };
            CheckResult::fail(
                1,
                format!("the fixture is {word}, but the check reported `{}`: {}", outcome.name(), found.detail),
            )
        }
    };
    let target = format!(
        "{}: {subject}",
        if kind == FixtureKind::Conforming { "conforming fixture" } else { "defective fixture" }
    );

    result.evidence = found.evidence;
    run::record(check, &target, (now, millis(start.elapsed()), millis(CASE_TIMEOUT)), result, Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_has_a_conforming_and_a_defective_fixture() {
        let cases = cases(&Rc::default());
        for check in crate::doctor::checks() {
            for kind in [FixtureKind::Conforming, FixtureKind::Defective] {
                assert!(
                    cases.iter().any(|case| case.check.id == check.id && case.kind == kind),
                    "{} {kind:?}",
                    check.id
                );
            }
        }
    }
}
