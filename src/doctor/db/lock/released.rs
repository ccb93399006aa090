//! No lock is left.

use super::super::engine::ScratchDatabase;
use super::super::race::left;
use super::super::workers::Workers;
use super::super::{DbTarget, HARM, OPENS};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::record::Outcome;

/// The check.
pub const CHECK: Check = Check {
    id: "db.lock.released",
    claim: "when all workers have ended, no lock of theirs is left",
    method: "Starts `workers` times `init` together, waits for all, and looks for locks and open connections of theirs for up to two seconds. Fails where there are some. With SQLite, the file must be free for a writer.",
    opens: OPENS,
    harm: HARM,
    deadline_ms: 120_000,
};

/// Looks.
pub fn run(target: DbTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

async fn check(target: DbTarget) -> CheckVerdict {
    let init = target.init()?;
    let engine = target.engine().await?;
    target.reference(&engine).await?;
    let base = engine.scratch().await?;
    let workers = Workers::start(&target, &target.same(&base.places(None)))?;
    workers.finish(std::time::Duration::from_millis(init.within_ms)).await;
    let mut left = left(&base).await?;
    if let ScratchDatabase::Sqlite(file) = &base
        && let Err(why) = file.hold(true)
    {
        left.push(format!("the file is not free: {why}"));
    }
    let found = if left.is_empty() {
        CheckResult::pass(1)
    } else {
        CheckResult::fail(1, super::super::dump::named(&left))
            .help("give locks back where you took them, on the same connection", &[])
    };
    Ok(found.control("the workers have ended", Outcome::Pass).observed("left", left.len() as u64))
}
