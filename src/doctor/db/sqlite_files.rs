//! SQLite checks: a locked file, and the switch to a write-ahead log.

pub mod busy;
pub mod wal;

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::engine::{DatabaseEngine, ScratchDatabase};
use super::race::Round;
use super::workers::Workers;
use super::{DbTarget, sqlite};
use crate::doctor::check_result::{CheckResult, CheckVerdict};
use crate::doctor::log::millis;
use crate::doctor::program::Running;

/// Time for which the lock is held after all workers have opened the file.
const HELD: Duration = Duration::from_millis(300);
/// Time for which it is held if the platform does not show which processes have opened the file.
const BLIND: Duration = Duration::from_millis(1_500);

/// Skip message for other engines.
const ONLY: &str = "only SQLite locks a database file as a whole";

/// Holds a lock on the file, for all access if `exclusive` and otherwise for writers, until all workers have opened it.
/// Then releases the lock and evaluates the workers.
async fn run_into(target: &DbTarget, base: &ScratchDatabase, exclusive: bool, help: &str) -> CheckVerdict {
    let ScratchDatabase::Sqlite(file) = base else {
        return CheckResult::error("the scratch database is not a file").stop();
    };
    let reference = target.reference(&DatabaseEngine::Sqlite).await?;
    let gate = file.hold(exclusive).map_err(|why| Box::new(CheckResult::error(why)))?;
    let start = Instant::now();
    let mut workers = Workers::start(target, &target.same(&base.places(None)))?;
    let gathered = if file.opened_by().is_some() {
        let groups: Vec<u32> = workers.workers.iter().filter_map(Running::id).collect();
        let arrived = || {
            let open = file.opened_by().unwrap_or_default();
            groups.iter().filter(|group| open.contains(group)).count()
        };
        Some(workers.wait_at_gate(async || Ok(arrived())).await?)
    } else {
        None
    };
    sleep(if gathered.is_some() { HELD } else { BLIND }).await;
    drop(gate);
    let (held_ms, most) = (millis(start.elapsed()), target.db.busy_budget_ms);
    let wrong = target.judged(workers, base, &reference).await?;
    if held_ms > most {
        let message = format!(
            "inconclusive: the lock was held for {held_ms} ms until all workers had opened the file, longer than `busy_budget`"
        );
        return CheckResult::error(message).help("raise `busy_budget`, or lower `workers`", &[]).stop();
    }
    // A worker that gave up at the lock did arrive, but has ended.
    let gathered = gathered.filter(|_| wrong.is_empty());
    let mut rounds = Vec::new();
    target.keep(&mut rounds, Round { wrong, gathered });
    let found = target.verdict(&rounds, help)?;
    Ok(found.observed("held_ms", held_ms).expected("busy_budget_ms", most))
}

/// Creates a scratch file.
///
/// # Errors
/// Returns a skip if the engine is not SQLite.
async fn file(target: &DbTarget) -> Result<ScratchDatabase, Box<CheckResult>> {
    target.init()?;
    match target.engine().await? {
        DatabaseEngine::Sqlite => {
            sqlite::File::new().map(ScratchDatabase::Sqlite).map_err(|why| Box::new(CheckResult::error(why)))
        }
        DatabaseEngine::Postgres(_) => CheckResult::skip(ONLY).stop(),
        #[cfg(feature = "mysql")]
        DatabaseEngine::Mysql(_) => CheckResult::skip(ONLY).stop(),
    }
}
