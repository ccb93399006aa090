//! Check: workers leave no locks behind.

use super::super::engine::ScratchDatabase;
use super::super::race::left;
use super::super::workers::Workers;
use super::super::{DbTarget, HARM, OPENS};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::record::Outcome;

pub const CHECK: Check = Check {
    id: "db.lock.released",
    claim: "after all workers have ended, none of their locks is left",
    method: "Starts `workers` processes of `init` at the same time, waits for all of them, and looks for their locks and open connections for up to two seconds. Fails if any are left. With SQLite, a writer must be able to lock the file.",
    side_effects: OPENS,
    risk: HARM,
    deadline_ms: 120_000,
};

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
        left.push(format!("the file is still locked: {why}"));
    }
    let found = if left.is_empty() {
        CheckResult::pass(1)
    } else {
        CheckResult::fail(1, super::super::dump::named(&left))
            .help("release each lock on the connection that took it", &[])
    };
    Ok(found.control("the workers have ended", Outcome::Pass).observed("left", left.len() as u64))
}
