//! What only files have: a lock on all of it, and the switch to a write-ahead log.

pub mod busy;
pub mod wal;

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::crew::Crew;
use super::engine::{Base, Engine};
use super::race::Round;
use super::{Site, sqlite};
use crate::doctor::found::{Found, Verdict};
use crate::doctor::log::millis;
use crate::doctor::program::Running;

/// How long a lock is held once all have come to it.
const HELD: Duration = Duration::from_millis(300);
/// How long it is held where nobody can say who has come.
const BLIND: Duration = Duration::from_millis(1_500);

/// Why there is nothing to look at.
const ONLY: &str = "only a file of SQLite is locked as a whole";

/// Lets all workers run into a lock, of all of the file or of those who write, lets go, and waits for them.
async fn run_into(site: &Site, base: &Base, exclusive: bool, remedy: &str) -> Verdict {
    let Base::Sqlite(file) = base else { return Found::error("there is no file").early() };
    let reference = site.reference(&Engine::Sqlite).await?;
    let gate = file.hold(exclusive).map_err(|why| Box::new(Found::error(why)))?;
    let start = Instant::now();
    let mut crew = Crew::start(site, &site.same(&base.places(None)))?;
    let gathered = if file.opened_by().is_some() {
        let groups: Vec<u32> = crew.workers.iter().filter_map(Running::id).collect();
        let arrived = || {
            let open = file.opened_by().unwrap_or_default();
            groups.iter().filter(|group| open.contains(group)).count()
        };
        Some(crew.gather(async || Ok(arrived())).await?)
    } else {
        None
    };
    sleep(if gathered.is_some() { HELD } else { BLIND }).await;
    drop(gate);
    let (held_ms, most) = (millis(start.elapsed()), site.db.busy_budget_ms);
    let wrong = site.judged(crew, base, &reference).await?;
    if held_ms > most {
        let said = format!("the lock had to be held for {held_ms} ms until all had come, longer than `busy_budget`");
        return Found::error(said).remedy("raise `busy_budget`, or lower `workers`", &[]).early();
    }
    // A worker that gave up at the lock was there, and is gone.
    let gathered = gathered.filter(|_| wrong.is_empty());
    let mut rounds = Vec::new();
    site.keep(&mut rounds, Round { wrong, gathered });
    let found = site.verdict(&rounds, remedy)?;
    Ok(found.observed("held_ms", held_ms).expected("busy_budget_ms", most))
}

/// A scratch file for these checks.
///
/// # Errors
/// A skip, where the database is no file.
async fn file(site: &Site) -> Result<Base, Box<Found>> {
    site.init()?;
    match site.engine().await? {
        Engine::Sqlite => sqlite::File::new().map(Base::Sqlite).map_err(|why| Box::new(Found::error(why))),
        Engine::Postgres(_) => Found::skip(ONLY).early(),
        #[cfg(feature = "mysql")]
        Engine::Mysql(_) => Found::skip(ONLY).early(),
    }
}
