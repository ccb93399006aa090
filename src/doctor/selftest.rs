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
use super::found::{Found, Looking};
use super::log::millis;
use super::record::{Outcome, Record};
use super::run::{self, Done, Progress};
use super::{Check, is_meant};

/// Cases that run at once.
const AT_ONCE: usize = 3;
/// How often a case is run that gives no verdict.
const ATTEMPTS: usize = 3;
/// How long a case may take.
const LONGEST: Duration = Duration::from_secs(90);

/// What a check must say of a built-in subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The claim is true of it.
    Conforming,
    /// It is not.
    Breaking,
}

/// A check on a built-in subject.
pub struct Case {
    /// The check.
    pub check: &'static Check,
    /// Whether the subject conforms.
    pub kind: Kind,
    /// What the subject does.
    pub subject: &'static str,
    /// The check at work.
    pub look: Box<dyn Fn() -> Looking>,
}

/// All cases.
fn cases(cluster: &Rc<Lazy>) -> Vec<Case> {
    let mut cases = repo::cases();
    cases.extend(pty::cases());
    cases.extend(ws::cases());
    cases.extend(ipc::cases());
    cases.extend(db::cases(cluster));
    cases.sort_by_key(|case| (case.check.id, case.kind == Kind::Breaking));
    cases
}

/// Runs the cases of the checks that are meant; of all where none is named.
///
/// # Errors
/// Where the system gives no event loop.
pub fn all(globs: &[String], now: DateTime<Utc>, progress: &dyn Progress) -> Result<Done, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("the system gives no event loop: {error}"))?;
    let meant = |case: &Case| globs.is_empty() || globs.iter().any(|glob| is_meant(glob, case.check.id));
    let cluster = Rc::new(Lazy::default());
    let cases: Vec<Case> = cases(&cluster).into_iter().filter(meant).collect();
    let count = cases.len();
    let work = async {
        let told = cases.into_iter().enumerate().map(|(at, case)| async move {
            progress.begins(case.check.id, case.subject, (at + 1, count));
            (at, one(case, now).await)
        });
        let mut told: Vec<(usize, Record)> = futures_util::stream::iter(told).buffer_unordered(AT_ONCE).collect().await;
        told.sort_by_key(|(at, _)| *at);
        told.into_iter().map(|(_, record)| record).collect()
    };
    let done = runtime.block_on(async {
        tokio::select! {
            () = run::interruption() => Done { records: Vec::new(), interrupted: true },
            records = work => Done { records, interrupted: false },
        }
    });
    progress.ends();
    runtime.shutdown_background();
    after::all_done();
    Ok(done)
}

async fn one(case: Case, now: DateTime<Utc>) -> Record {
    let Case { check, kind, subject, look } = case;
    let start = std::time::Instant::now();
    let mut found = Found::error("it was not run");
    // A check without a verdict, as on a machine that is too busy for it, is run again; a wrong verdict is not.
    for _ in 0..ATTEMPTS {
        found = timeout(LONGEST, look()).await.unwrap_or_else(|_| Found::error("it was not done"));
        if found.outcome != Outcome::Error {
            break;
        }
    }
    let told = match (kind, found.outcome) {
        (_, Outcome::Skip) => Found::skip(found.detail.as_str()),
        (Kind::Conforming, Outcome::Pass) | (Kind::Breaking, Outcome::Fail | Outcome::Warn) => {
            let detail = if found.detail.is_empty() { String::new() } else { format!(": {}", found.detail) };
            Found::pass(1)
                .observed("said", found.outcome.name())
                .detail(format!("told as `{}`{detail}", found.outcome.name()))
        }
        (_, outcome) => {
            let word = if kind == Kind::Conforming { "conforms" } else { "does not conform" };
            Found::fail(1, format!("the subject {word}, and the check says `{}`: {}", outcome.name(), found.detail))
        }
    };
    let target = format!("{}, {subject}", if kind == Kind::Conforming { "a conforming one" } else { "a breaking one" });
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
            for kind in [Kind::Conforming, Kind::Breaking] {
                assert!(
                    cases.iter().any(|case| case.check.id == check.id && case.kind == kind),
                    "{} {kind:?}",
                    check.id
                );
            }
        }
    }
}
