//! Workers that are started together.

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

/// How often workers are looked at.
const LOOK: Duration = Duration::from_millis(50);
/// How long none must work until all are taken to wait.
const QUIET: Duration = Duration::from_millis(400);
/// How long the lock is held once the first has come: less than the five seconds that many programs wait for one.
const LONGEST: Duration = Duration::from_secs(3);

/// The check.
pub const CHECK: Check = Check {
    id: "db.race.start",
    claim: "workers that start together prepare the database as one alone does",
    method: "Starts `workers` times `init` together on an empty database, `rounds` times. Fails where one ends badly or says that it met another one, where schema or rows are not those of the reference, or locks are left. The workers of a file (SQLite) are held: doctor has the lock to write until all have the file open and none works any more, so that each has looked before the first may create. On a server nothing holds them, so it can only find what is wrong; db.race.proxy and db.race.ddl hold them.",
    opens: OPENS,
    harm: HARM,
    deadline_ms: 300_000,
};

/// Looks.
pub fn run(target: DbTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

/// Waits until all workers have the file open and none of them works: they stand before the lock that doctor holds, having read
/// what they read. Not longer than most programs wait for a lock.
async fn held(workers: &mut Workers, file: &sqlite::File) -> GateState {
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
            (ScratchDatabase::Sqlite(file), Some(_)) => Some(held(&mut workers, file).await),
            _ => None,
        };
        drop(gate);
        let wrong = target.judged(workers, &base, &reference).await?;
        target.keep(&mut rounds, Round { wrong, gathered });
    }
    let help = "let one worker prepare the database while the others wait, by an advisory lock or one on the file";
    let found = target.verdict(&rounds, help)?;
    let is_held = rounds.iter().any(|round| round.gathered.is_some());
    if found.outcome == Outcome::Pass && !is_held {
        let why = "all is as one alone does it, but nothing held the workers, so that is no proof";
        return Ok(CheckResult { outcome: Outcome::Skip, ..found }.detail(why));
    }
    Ok(found)
}
