//! Workers that are started together.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::super::crew::{Crew, Gathered};
use super::super::engine::Base;
use super::super::sqlite;
use super::super::{HARM, OPENS, Site};
use super::Round;
use crate::doctor::Check;
use crate::doctor::found::{Found, Looking, Verdict, looking};
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
pub fn look(site: Site) -> Looking {
    looking(async move { run(site).await })
}

/// Waits until all workers have the file open and none of them works: they stand before the lock that doctor holds, having read
/// what they read. Not longer than most programs wait for a lock.
async fn held(crew: &mut Crew, file: &sqlite::File) -> Gathered {
    let all = crew.workers.len();
    let start = Instant::now();
    let (mut first, mut quiet) = (None, Instant::now());
    let mut ticks = crew.ticks();
    loop {
        sleep(LOOK).await;
        let opened = file.opened_by().map_or(0, |groups| crew.groups().filter(|group| groups.contains(group)).count());
        let seen = Gathered { arrived: opened, alive: crew.alive() };
        if opened > 0 {
            first = first.or(Some(Instant::now()));
        }
        let now = crew.ticks();
        if now != ticks || opened < seen.alive {
            (quiet, ticks) = (Instant::now(), now);
        }
        let is_over = first.is_some_and(|first: Instant| first.elapsed() > LONGEST) || start.elapsed() > LONGEST * 4;
        if seen.alive == 0 || is_over || (opened == all && quiet.elapsed() > QUIET) {
            return seen;
        }
    }
}

async fn run(site: Site) -> Verdict {
    site.gate("start")?;
    site.init()?;
    let engine = site.engine().await?;
    let reference = site.reference(&engine).await?;
    let mut rounds = Vec::new();
    for _ in 0..site.rounds() {
        let base = engine.scratch().await?;
        let gate = match &base {
            Base::Sqlite(file) => Some(file.hold(false).map_err(|why| Box::new(Found::error(why)))?),
            _ => None,
        };
        let mut crew = Crew::start(&site, &site.same(&base.places(None)))?;
        let gathered = match (&base, &gate) {
            (Base::Sqlite(file), Some(_)) => Some(held(&mut crew, file).await),
            _ => None,
        };
        drop(gate);
        let wrong = site.judged(crew, &base, &reference).await?;
        site.keep(&mut rounds, Round { wrong, gathered });
    }
    let remedy = "let one worker prepare the database while the others wait, by an advisory lock or one on the file";
    let found = site.verdict(&rounds, remedy)?;
    let is_held = rounds.iter().any(|round| round.gathered.is_some());
    if found.outcome == Outcome::Pass && !is_held {
        let why = "all is as one alone does it, but nothing held the workers, so that is no proof";
        return Ok(Found { outcome: Outcome::Skip, ..found }.detail(why));
    }
    Ok(found)
}
