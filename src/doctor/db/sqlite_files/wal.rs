//! Workers switch to a write-ahead log at the same time.

use super::super::engine::{DatabaseEngine, ScratchDatabase};
use super::super::{DbTarget, HARM, OPENS};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};

/// The check.
pub const CHECK: Check = Check {
    id: "db.sqlite.wal",
    claim: "workers that switch a file to a write-ahead log at the same time all succeed",
    method: "Holds a lock as a writer does (`BEGIN IMMEDIATE`) on an empty file until all workers have it open and 300 ms longer: `PRAGMA journal_mode = WAL` is then refused at once, whatever the busy timeout, as it is beside any other worker that switches. Fails as `db.sqlite.busy` does. Skipped where the reference has no write-ahead log.",
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
    target.reference(&DatabaseEngine::Sqlite).await?;
    let (prepared, _) = target.prepared(&DatabaseEngine::Sqlite).await?;
    if let ScratchDatabase::Sqlite(file) = &prepared {
        let journal = file.journal().map_err(|why| Box::new(CheckResult::error(why)))?;
        if !journal.eq_ignore_ascii_case("wal") {
            return CheckResult::skip(format!("the journal is `{journal}`: nobody switches to a write-ahead log"))
                .stop();
        }
    }
    super::run_into(
        &target,
        &base,
        false,
        "switch again where `PRAGMA journal_mode = WAL` is refused: it does not wait",
    )
    .await
}
