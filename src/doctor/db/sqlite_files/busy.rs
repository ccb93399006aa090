//! Workers meet a file that is locked.

use super::super::{HARM, OPENS, Site};
use crate::doctor::Check;
use crate::doctor::found::{Looking, Verdict, looking};

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
    super::run_into(&site, &base, true, "set a busy timeout (`PRAGMA busy_timeout = 5000`) before the first statement")
        .await
}
