//! One worker works, the others wait for it.

use super::super::engine::DatabaseEngine;
use super::super::race::ddl;
use super::super::{DbTarget, HARM, OPENS};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::record::Outcome;

/// The check.
pub const CHECK: Check = Check {
    id: "db.lock.mechanism",
    claim: "while one worker prepares the database, the others wait for a lock",
    method: "Looks at `pg_locks` while the gate of `db.race.ddl` is closed. Fails where more than one worker is about to create and what they leave is not what one leaves; warns where it is, because a lock may have a table of its own, and where nobody waits for a lock in the database, so that something outside of it must see to the order.",
    opens: OPENS,
    harm: HARM,
    deadline_ms: 120_000,
};

/// Looks.
pub fn run(target: DbTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

async fn check(target: DbTarget) -> CheckVerdict {
    target.init()?;
    let engine = target.engine().await?;
    if !matches!(engine, DatabaseEngine::Postgres(_)) {
        return CheckResult::skip(ddl::NO_CATALOG).stop();
    }
    if target.known.borrow().queues.is_empty() {
        let reference = target.reference(&engine).await?;
        ddl::round(&target, &engine, &reference).await?;
    }
    let queues = target.known.borrow().queues.clone();
    let at_gate = queues.iter().map(super::Queue::at_gate).max().unwrap_or(0);
    let waiting = queues.iter().map(|queue| queue.waiting() - queue.at_gate()).max().unwrap_or(0);
    let mut kinds: Vec<String> = queues.iter().flat_map(super::Queue::kinds).collect();
    kinds.sort();
    kinds.dedup();
    let count = queues.len() as u64;
    let found = if at_gate == 0 && waiting == 0 {
        CheckResult::error("no worker was seen to wait for anything")
    } else if at_gate > 1 && !target.known.borrow().collided {
        // A lock may need a table of its own, which all create before they take it.
        let said = format!("{at_gate} workers were about to create at the same time, and none met another");
        CheckResult::warn(count, said).help(
            "if what they create first is the table of their lock, nothing need be done; else take a lock before",
            &[],
        )
    } else if at_gate > 1 {
        CheckResult::fail(count, format!("{at_gate} workers were about to create at the same time"))
            .help("take an advisory lock before looking whether there is something to do", &[])
    } else if waiting == 0 {
        CheckResult::warn(count, "one worker was about to create, and no other one waited for a lock in the database")
            .help("if nothing outside of the database lets one work at a time, take an advisory lock", &[])
    } else {
        CheckResult::pass(count)
    };
    Ok(found
        .control("workers wait at the gate", Outcome::Pass)
        .observed("creating", at_gate as u64)
        .observed("waiting", waiting as u64)
        .observed("kinds", kinds)
        .expected("creating", 1))
}
