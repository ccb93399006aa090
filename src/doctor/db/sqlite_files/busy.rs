//! Workers meet a file that is locked.

use super::super::{DbTarget, HARM, OPENS};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckVerdict, boxed};

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
pub fn run(target: DbTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

async fn check(target: DbTarget) -> CheckVerdict {
    let base = super::file(&target).await?;
    super::run_into(
        &target,
        &base,
        true,
        "set a busy timeout (`PRAGMA busy_timeout = 5000`) before the first statement",
    )
    .await
}
