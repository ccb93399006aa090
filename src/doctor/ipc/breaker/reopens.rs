//! Check: a failed trial call opens the breaker again.

use std::time::{Duration, Instant};

use super::super::harness::Endpoint;
use super::super::{IpcTarget, OPENS};
use super::TOLERANCE;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::record::Outcome;

const CALLS: u64 = 10;

pub const CHECK: Check = Check {
    id: "ipc.breaker.reopens",
    claim: "a failed trial call opens the breaker again immediately",
    method: "Opens the breaker, waits until a call reaches the upstream and fails, then calls up to ten times while the breaker must be open. Fails if one of these calls reaches the upstream. If `half_open_max` is above 1, that many trial calls may fail first.",
    side_effects: OPENS,
    risk: "",
    deadline_ms: 120_000,
};

pub fn run(target: IpcTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

async fn check(target: IpcTarget) -> CheckVerdict {
    let (mut harness, breaker, tripped) = target.opened().await?;
    target
        .half_open(&mut harness, breaker, &tripped)
        .await
        .map_err(|found| Box::new(CheckResult::error(found.detail)))?;
    for _ in 1..breaker.half_open_max {
        harness.call(Endpoint::Primary).await?;
    }
    let (mut hits, mut calls) = (0, 0);
    let start = Instant::now();
    // After `open_for`, another trial call is allowed.
    let end = Duration::from_millis(breaker.open_for_ms).mul_f64(1.0 - TOLERANCE);
    while calls < CALLS && (calls == 0 || start.elapsed() < end) {
        hits += harness.call(Endpoint::Primary).await?.hits;
        calls += 1;
    }
    let found = if hits == 0 {
        CheckResult::pass(calls)
    } else {
        CheckResult::fail(calls, format!("{hits} calls reached the upstream after a failed trial call"))
            .help("open the breaker again after one failure in the half-open state", &[])
    };
    Ok(found.control("calls reach the upstream", Outcome::Pass).observed("hits", hits).expected("hits", 0))
}
