//! Check: an open breaker lets no calls through and fails fast.

use std::time::Duration;

use super::super::harness::Endpoint;
use super::super::{IpcTarget, OPENS};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::record::Outcome;
use crate::doctor::times::Times;

const CALLS: u64 = 20;

pub const CHECK: Check = Check {
    id: "ipc.breaker.open",
    claim: "while the breaker is open, no call reaches the upstream and each call ends within `fast_fail`",
    method: "Opens the breaker, then calls up to twenty times within the time that it stays open. Fails if a call reaches the upstream, or takes longer than `fast_fail` (not applied if `entry` is a command, which takes time to start).",
    side_effects: OPENS,
    risk: "",
    deadline_ms: 60_000,
};

pub fn run(target: IpcTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

async fn check(target: IpcTarget) -> CheckVerdict {
    let (mut harness, breaker, tripped) = target.opened().await?;
    let open_for = Duration::from_millis(breaker.open_for_ms).mul_f64(1.0 - super::TOLERANCE);
    let (mut times, mut hits, mut calls) = (Times::default(), 0, 0);
    while calls < CALLS && tripped.at.elapsed() < open_for {
        let called = harness.call(Endpoint::Primary).await?;
        hits += called.hits;
        calls += 1;
        times.add(called.time);
    }
    let slow = times.quantile(1.0) > f64::from(u32::try_from(breaker.fast_fail_ms).unwrap_or(u32::MAX));
    let is_program = matches!(target.ipc.entry, crate::config::doctor::ServiceEntry::Command { .. });
    let found = if calls == 0 {
        CheckResult::error("inconclusive: the breaker was not open long enough for one call")
    } else if hits > 0 {
        CheckResult::fail(calls, format!("{hits} calls reached the upstream while the breaker was open"))
            .help("let no calls through while the breaker is open", &[])
    } else if slow && !is_program {
        CheckResult::fail(calls, format!("a call took {:.0} ms while the breaker was open", times.quantile(1.0)))
            .help("answer immediately while the breaker is open, or raise `fast_fail`", &[])
    } else {
        CheckResult::pass(calls)
    };
    Ok(found
        .control("calls reach the upstream", Outcome::Pass)
        .observed("hits", hits)
        .latency(times.latency())
        .expected("hits", 0)
        .expected("fast_fail_ms", breaker.fast_fail_ms))
}
