//! What only files have: a lock on all of it, and the switch to a write-ahead log.

pub mod busy;
pub mod wal;

use std::time::Duration;

use rusqlite::Connection;
use tokio::time::sleep;

use super::Site;
use super::crew::{Crew, Gathered};
use super::engine::{Base, Engine};
use super::sqlite;
use crate::doctor::found::Found;

/// How long a lock is held once all have come to it.
const HELD: Duration = Duration::from_millis(300);
/// How long it is held where nobody can say who has come.
const BLIND: Duration = Duration::from_millis(1_500);

/// Why there is nothing to look at.
const ONLY: &str = "only a file of SQLite is locked as a whole";

/// Lets all workers run into a lock, lets go, and waits for them; what is wrong, and what was seen at the gate.
///
/// # Errors
/// Where that cannot be told.
async fn run_into(
    site: &Site,
    base: &Base,
    gate: Connection,
) -> Result<(Vec<String>, Option<Gathered>, Duration), Box<Found>> {
    let Base::Sqlite(file) = base else { return Found::error("there is no file").early() };
    let engine = Engine::Sqlite;
    let reference = site.reference(&engine).await?;
    let start = std::time::Instant::now();
    let mut crew = Crew::start(site, &site.same(&base.places(None)))?;
    let can_see = file.opened_by().is_some();
    let gathered = if can_see {
        let groups: Vec<u32> = crew.workers.iter().filter_map(crate::doctor::program::Running::id).collect();
        let arrived = || {
            let open = file.opened_by().unwrap_or_default();
            groups.iter().filter(|group| open.contains(group)).count()
        };
        Some(crew.gather(async || Ok(arrived())).await?)
    } else {
        None
    };
    sleep(if can_see { HELD } else { BLIND }).await;
    drop(gate);
    let held = start.elapsed();
    let wrong = site.judged(crew, base, &reference).await?;
    // A worker that gave up at the lock was there, and is gone.
    let gathered = gathered.filter(|_| wrong.is_empty());
    Ok((wrong, gathered, held))
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
