//! Workers meet a file that is locked.

use super::super::engine::Base;
use super::super::race::Round;
use super::super::{HARM, OPENS, Site};
use crate::doctor::Check;
use crate::doctor::found::{Found, Looking, Verdict, looking};

/// The check.
pub const CHECK: Check = Check {
    id: "db.sqlite.busy",
    claim: "workers wait for a database file that is locked, and then prepare it as one alone does",
    method: "Holds `BEGIN EXCLUSIVE` on an empty file until all workers have it open and 300 ms longer, then commits. Fails where a worker gives up before `busy_budget`, or as `db.race.start` does; where not all come, nothing is proven.",
    opens: OPENS,
    harm: HARM,
    deadline_ms: 60_000,
};

/// Looks.
pub fn look(site: Site) -> Looking {
    looking(async move { run(site).await })
}

async fn run(site: Site) -> Verdict {
    let base = super::file(&site).await?;
    let Base::Sqlite(file) = &base else { return Found::error("there is no file").early() };
    let gate = file.hold(true).map_err(|why| Box::new(Found::error(why)))?;
    let (wrong, gathered, held) = super::run_into(&site, &base, gate).await?;
    let held_ms = crate::doctor::log::millis(held);
    if held_ms > site.db.busy_budget_ms {
        return Found::error(format!(
            "the lock had to be held for {held_ms} ms until all had come, longer than `busy_budget`"
        ))
        .remedy("raise `busy_budget`, or lower `workers`", &[])
        .early();
    }
    let found = site.verdict(
        &[Round { wrong, gathered }],
        "set a busy timeout (`PRAGMA busy_timeout = 5000`) before the first statement",
    )?;
    Ok(found.observed("held_ms", held_ms).expected("busy_budget_ms", site.db.busy_budget_ms))
}
