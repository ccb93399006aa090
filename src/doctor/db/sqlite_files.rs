//! What only files have: a lock on all of it, and the switch to a write-ahead log.

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

/// How long a lock is held once all have come to it.
const HELD: Duration = Duration::from_millis(300);
/// How long it is held where nobody can say who has come.
const BLIND: Duration = Duration::from_millis(1_500);

/// Why there is nothing to look at.
const ONLY: &str = "only a file of SQLite is locked as a whole";

/// Lets all workers run into a lock, of all of the file or of those who write, lets go, and waits for them.
async fn run_into(target: &DbTarget, base: &ScratchDatabase, exclusive: bool, help: &str) -> CheckVerdict {
    let ScratchDatabase::Sqlite(file) = base else { return CheckResult::error("there is no file").stop() };
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
        let said = format!("the lock had to be held for {held_ms} ms until all had come, longer than `busy_budget`");
        return CheckResult::error(said).help("raise `busy_budget`, or lower `workers`", &[]).stop();
    }
    // A worker that gave up at the lock was there, and is gone.
    let gathered = gathered.filter(|_| wrong.is_empty());
    let mut rounds = Vec::new();
    target.keep(&mut rounds, Round { wrong, gathered });
    let found = target.verdict(&rounds, help)?;
    Ok(found.observed("held_ms", held_ms).expected("busy_budget_ms", most))
}

/// A scratch file for these checks.
///
/// # Errors
/// A skip, where the database is no file.
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
