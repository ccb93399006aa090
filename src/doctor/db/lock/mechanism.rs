//! Check: one worker initializes the database while the others wait for a lock.

use super::super::engine::DatabaseEngine;
use super::super::race::ddl;
use super::super::{DbTarget, HARM, OPENS};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::record::Outcome;

pub const CHECK: Check = Check {
    id: "db.lock.mechanism",
    claim: "while one worker initializes the database, the others wait for a lock",
    method: "Reads `pg_locks` while the gate of `db.race.ddl` is closed. Fails if more than one worker is about to create objects and the result differs from the reference. Warns if the result equals the reference, because the workers may create the table for their lock first, or if no worker waits for a lock in the database, so that only a mechanism outside of it can serialize the workers.",
    side_effects: OPENS,
    risk: HARM,
    deadline_ms: 120_000,
};

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
        CheckResult::error("inconclusive: no worker waited for a lock")
    } else if at_gate > 1 && !target.known.borrow().collided {
        // All workers may create the table for their lock before they take it.
        let message =
            format!("{at_gate} workers were about to create objects at the same time, but caused no conflict");
        CheckResult::warn(count, message).help(
            "take a lock before creating objects; ignore this warning if the first object is the table for the lock",
            &[],
        )
    } else if at_gate > 1 {
        CheckResult::fail(count, format!("{at_gate} workers were about to create objects at the same time"))
            .help("take an advisory lock before checking whether the database is initialized", &[])
    } else if waiting == 0 {
        CheckResult::warn(
            count,
            "one worker was about to create objects, and no other one waited for a lock in the database",
        )
        .help("take an advisory lock, unless a mechanism outside of the database serializes the workers", &[])
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
