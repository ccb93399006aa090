//! Check: workers switch to a write-ahead log at the same time.

use super::super::engine::{DatabaseEngine, ScratchDatabase};
use super::super::{DbTarget, HARM, OPENS};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};

pub const CHECK: Check = Check {
    id: "db.sqlite.wal",
    claim: "workers that switch a file to a write-ahead log at the same time all succeed",
    method: "Holds a write lock (`BEGIN IMMEDIATE`) on an empty file until all workers have it open and 300 ms longer. During this time `PRAGMA journal_mode = WAL` fails at once, regardless of the busy timeout, as it does while another worker switches. Fails for the reasons of `db.sqlite.busy`. Skipped if `init` does not enable a write-ahead log.",
    side_effects: OPENS,
    risk: HARM,
    deadline_ms: 60_000,
};

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
            return CheckResult::skip(format!(
                "the journal mode is `{journal}`: `init` does not enable a write-ahead log"
            ))
            .stop();
        }
    }
    super::run_into(&target, &base, false, "retry if `PRAGMA journal_mode = WAL` fails: it ignores the busy timeout")
        .await
}
