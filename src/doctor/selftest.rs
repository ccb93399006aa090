//! `phx doctor --self-test`: every check on a subject that conforms and on ones that break what it looks for. A check that cannot
//! tell them apart proves nothing.

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

/// Cases that run at once.
const AT_ONCE: usize = 3;
/// How often a case is run that gives no verdict.
const ATTEMPTS: usize = 3;
/// How long a case may take.
const LONGEST: Duration = Duration::from_secs(90);

/// What a check must say of a built-in subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FixtureKind {
    /// The claim is true of it.
    Conforming,
    /// It is not.
    Defective,
}

/// A check on a built-in subject.
pub struct FixtureCase {
    /// The check.
    pub check: &'static Check,
    /// Whether the subject conforms.
    pub kind: FixtureKind,
    /// What the subject does.
    pub subject: &'static str,
    /// The check at work.
    pub look: Box<dyn Fn() -> CheckFuture>,
}

/// All cases.
fn cases(cluster: &Rc<Lazy>) -> Vec<FixtureCase> {
    let mut cases = repo::cases();
    cases.extend(pty::cases());
    cases.extend(ws::cases());
    cases.extend(ipc::cases());
    cases.extend(db::cases(cluster));
    cases.sort_by_key(|case| (case.check.id, case.kind == FixtureKind::Defective));
    cases
}

/// Runs the cases of the checks that are meant; of all where none is named.
///
/// # Errors
/// Where the system gives no event loop.
pub fn all(globs: &[String], now: DateTime<Utc>, progress: &dyn Progress) -> Result<RunResult, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("the system gives no event loop: {error}"))?;
    let meant = |case: &FixtureCase| globs.is_empty() || globs.iter().any(|glob| matches_selector(glob, case.check.id));
    let cluster = Rc::new(Lazy::default());
    let cases: Vec<FixtureCase> = cases(&cluster).into_iter().filter(meant).collect();
    let count = cases.len();
    let work = async {
        let told = cases.into_iter().enumerate().map(|(at, case)| async move {
            progress.begins(case.check.id, case.subject, (at + 1, count));
            (at, one(case, now).await)
        });
        let mut told: Vec<(usize, CheckRecord)> =
            futures_util::stream::iter(told).buffer_unordered(AT_ONCE).collect().await;
        told.sort_by_key(|(at, _)| *at);
        told.into_iter().map(|(_, record)| record).collect()
    };
    let done = runtime.block_on(async {
        tokio::select! {
            () = run::interruption() => RunResult { records: Vec::new(), interrupted: true },
            records = work => RunResult { records, interrupted: false },
        }
    });
    progress.ends();
    runtime.shutdown_background();
    after::all_done();
    Ok(done)
}

async fn one(case: FixtureCase, now: DateTime<Utc>) -> CheckRecord {
    let FixtureCase { check, kind, subject, look } = case;
    let start = std::time::Instant::now();
    let mut found = CheckResult::error("it was not run");
    // A check without a verdict, as on a machine that is too busy for it, is run again; a wrong verdict is not.
    for _ in 0..ATTEMPTS {
        found = timeout(LONGEST, look()).await.unwrap_or_else(|_| CheckResult::error("it was not done"));
        if found.outcome != Outcome::Error {
            break;
        }
    }
    let told = match (kind, found.outcome) {
        (_, Outcome::Skip) => CheckResult::skip(found.detail.as_str()),
        (FixtureKind::Conforming, Outcome::Pass) | (FixtureKind::Defective, Outcome::Fail | Outcome::Warn) => {
            let detail = if found.detail.is_empty() { String::new() } else { format!(": {}", found.detail) };
            CheckResult::pass(1)
                .observed("said", found.outcome.name())
                .detail(format!("told as `{}`{detail}", found.outcome.name()))
        }
        (_, outcome) => {
            let word = if kind == FixtureKind::Conforming { "conforms" } else { "does not conform" };
            CheckResult::fail(
                1,
                format!("the subject {word}, and the check says `{}`: {}", outcome.name(), found.detail),
            )
        }
    };
    let target =
        format!("{}, {subject}", if kind == FixtureKind::Conforming { "a conforming one" } else { "a breaking one" });
    let mut told = told;
    told.evidence = found.evidence;
    run::record(check, &target, (now, millis(start.elapsed()), millis(LONGEST)), told, Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_has_a_subject_that_conforms_and_one_that_does_not() {
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
