//! One worker works, the others wait for it.

use super::super::engine::Engine;
use super::super::race::ddl;
use super::super::{HARM, OPENS, Site};
use crate::doctor::Check;
use crate::doctor::found::{Found, Looking, Verdict, looking};
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
pub fn look(site: Site) -> Looking {
    looking(async move { run(site).await })
}

async fn run(site: Site) -> Verdict {
    site.init()?;
    let engine = site.engine().await?;
    if !matches!(engine, Engine::Postgres(_)) {
        return Found::skip(ddl::NO_CATALOG).early();
    }
    if site.known.borrow().queues.is_empty() {
        let reference = site.reference(&engine).await?;
        ddl::round(&site, &engine, &reference).await?;
    }
    let queues = site.known.borrow().queues.clone();
    let at_gate = queues.iter().map(super::Queue::at_gate).max().unwrap_or(0);
    let waiting = queues.iter().map(|queue| queue.waiting() - queue.at_gate()).max().unwrap_or(0);
    let mut kinds: Vec<String> = queues.iter().flat_map(super::Queue::kinds).collect();
    kinds.sort();
    kinds.dedup();
    let count = queues.len() as u64;
    let found = if at_gate == 0 && waiting == 0 {
        Found::error("no worker was seen to wait for anything")
    } else if at_gate > 1 && !site.known.borrow().collided {
        // A lock may need a table of its own, which all create before they take it.
        let said = format!("{at_gate} workers were about to create at the same time, and none met another");
        Found::warn(count, said).remedy(
            "if what they create first is the table of their lock, nothing need be done; else take a lock before",
            &[],
        )
    } else if at_gate > 1 {
        Found::fail(count, format!("{at_gate} workers were about to create at the same time"))
            .remedy("take an advisory lock before looking whether there is something to do", &[])
    } else if waiting == 0 {
        Found::warn(count, "one worker was about to create, and no other one waited for a lock in the database")
            .remedy("if nothing outside of the database lets one work at a time, take an advisory lock", &[])
    } else {
        Found::pass(count)
    };
    Ok(found
        .control("workers wait at the gate", Outcome::Pass)
        .observed("creating", at_gate as u64)
        .observed("waiting", waiting as u64)
        .observed("kinds", kinds)
        .expected("creating", 1))
}
