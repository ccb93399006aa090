//! An open breaker keeps the load away, and answers at once.

use std::time::Duration;

use super::super::rig::Way;
use super::super::{OPENS, Site};
use crate::doctor::Check;
use crate::doctor::found::{Found, Looking, Verdict, looking};
use crate::doctor::record::Outcome;
use crate::doctor::times::Times;

/// How many calls.
const CALLS: u64 = 20;

/// The check.
pub const CHECK: Check = Check {
    id: "ipc.breaker.open",
    claim: "while the breaker is open no call reaches the dependency, and each fails at once",
    method: "Opens the breaker, then calls twenty times within the time that it stays open. Fails where a call reaches the dependency, is reported as a success without a fallback, or takes longer than `fast_fail` (a program that is started for each call may take its own time).",
    opens: OPENS,
    harm: "",
    deadline_ms: 60_000,
};

/// Looks.
pub fn look(site: Site) -> Looking {
    looking(async move { run(site).await })
}

async fn run(site: Site) -> Verdict {
    let (mut rig, breaker, tripped) = site.opened().await?;
    let open_for = Duration::from_millis(breaker.open_for_ms).mul_f64(1.0 - super::TOLERANCE);
    let (mut times, mut hits, mut calls) = (Times::default(), 0, 0);
    while calls < CALLS && tripped.at.elapsed() < open_for {
        let called = rig.call(Way::Entry).await?;
        hits += called.hits;
        calls += 1;
        times.add(called.time);
    }
    let slow = times.quantile(1.0) > f64::from(u32::try_from(breaker.fast_fail_ms).unwrap_or(u32::MAX));
    let is_program = matches!(site.ipc.entry, crate::config::doctor::Entry::Command { .. });
    let found = if calls == 0 {
        Found::error("it was not open long enough to be called once")
    } else if hits > 0 {
        Found::fail(calls, format!("{hits} calls reached the dependency while the breaker was open"))
            .remedy("an open breaker must not let calls through", &[])
    } else if slow && !is_program {
        Found::fail(calls, format!("a call took {:.0} ms while the breaker was open", times.quantile(1.0)))
            .remedy("answer at once while the breaker is open, or raise `fast_fail`", &[])
    } else {
        Found::pass(calls)
    };
    Ok(found
        .control("calls reach the dependency", Outcome::Pass)
        .observed("hits", hits)
        .latency(times.latency())
        .expected("hits", 0)
        .expected("fast_fail_ms", breaker.fast_fail_ms))
}
