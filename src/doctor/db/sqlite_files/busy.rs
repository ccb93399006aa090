//! Check: workers wait for a locked file.

use super::super::{DbTarget, HARM, OPENS};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckVerdict, boxed};

pub const CHECK: Check = Check {
    id: "db.sqlite.busy",
    claim: "workers wait for a locked database file, and then initialize it like a single worker",
    method: "Holds `BEGIN EXCLUSIVE` on an empty file until all workers have it open and 300 ms longer, then releases the lock. Fails if a worker gives up before `busy_budget`, or for the reasons of `db.race.start`. Inconclusive if not all workers open the file.",
    side_effects: OPENS,
    risk: HARM,
    deadline_ms: 60_000,
};

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
