//! Check: workers start at the same time.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::super::engine::ScratchDatabase;
use super::super::sqlite;
use super::super::workers::{GateState, Workers};
use super::super::{DbTarget, HARM, OPENS};
use super::Round;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::record::Outcome;

/// Interval between polls of the workers.
const LOOK: Duration = Duration::from_millis(50);
/// Time without CPU usage after which all workers are considered to wait.
const QUIET: Duration = Duration::from_millis(400);
/// Maximum time for which the lock is held after the first worker opened the file: less than the busy timeout of many
/// programs (5 s).
const LONGEST: Duration = Duration::from_secs(3);

pub const CHECK: Check = Check {
    id: "db.race.start",
    claim: "workers that start at the same time initialize the database like a single worker",
    method: "Starts `workers` processes of `init` at the same time on an empty database, `rounds` times. Fails if a worker fails or reports a conflict, if the schema or the rows differ from the reference, or if locks are left behind. With SQLite, doctor holds the write lock until all workers have the file open and none uses the CPU, so that each worker has read the file before the first one may write. On a server no gate holds the workers, so that this check can find errors but cannot pass; `db.race.proxy` and `db.race.ddl` have gates.",
    side_effects: OPENS,
    risk: HARM,
    deadline_ms: 300_000,
};

pub fn run(target: DbTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

/// Waits until all workers have the file open and none uses the CPU: they have read the file and wait for the lock that
/// doctor holds. Does not wait longer than most programs wait for a lock.
async fn wait_for_workers(workers: &mut Workers, file: &sqlite::File) -> GateState {
    let all = workers.workers.len();
    let start = Instant::now();
    let (mut first, mut quiet) = (None, Instant::now());
    let mut ticks = workers.ticks();
    loop {
        sleep(LOOK).await;
        let opened =
            file.opened_by().map_or(0, |groups| workers.groups().filter(|group| groups.contains(group)).count());
        let seen = GateState { arrived: opened, alive: workers.alive() };
        if opened > 0 {
            first = first.or(Some(Instant::now()));
        }
        let now = workers.ticks();
        if now != ticks || opened < seen.alive {
            (quiet, ticks) = (Instant::now(), now);
        }
        let is_over = first.is_some_and(|first: Instant| first.elapsed() > LONGEST) || start.elapsed() > LONGEST * 4;
        if seen.alive == 0 || is_over || (opened == all && quiet.elapsed() > QUIET) {
            return seen;
        }
    }
}

async fn check(target: DbTarget) -> CheckVerdict {
    target.gate("start")?;
    target.init()?;
    let engine = target.engine().await?;
    let reference = target.reference(&engine).await?;
    let mut rounds = Vec::new();
    for _ in 0..target.rounds() {
        let base = engine.scratch().await?;
        let gate = match &base {
            ScratchDatabase::Sqlite(file) => Some(file.hold(false).map_err(|why| Box::new(CheckResult::error(why)))?),
            _ => None,
        };
        let mut workers = Workers::start(&target, &target.same(&base.places(None)))?;
        let gathered = match (&base, &gate) {
            (ScratchDatabase::Sqlite(file), Some(_)) => Some(wait_for_workers(&mut workers, file).await),
            _ => None,
        };
        drop(gate);
        let wrong = target.judged(workers, &base, &reference).await?;
        target.keep(&mut rounds, Round { wrong, gathered });
    }
    let help =
        "take an advisory lock or a file lock, so that one worker initializes the database while the others wait";
    let found = target.verdict(&rounds, help)?;
    let is_held = rounds.iter().any(|round| round.gathered.is_some());
    if found.outcome == Outcome::Pass && !is_held {
        let why = "passed without a gate (low confidence)";
        return Ok(CheckResult { outcome: Outcome::Skip, ..found }.detail(why));
    }
    Ok(found)
}
