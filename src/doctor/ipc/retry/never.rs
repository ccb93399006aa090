//! Check: client errors and calls that are not idempotent are not retried.

use super::super::harness::Endpoint;
use super::super::{IpcTarget, OPENS};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::fault::FaultMode;
use crate::doctor::record::Outcome;

/// Faults of a call that must not be retried, because it may have had its effect.
const FAILURES: [(FaultMode, &str); 3] =
    [(FaultMode::Status(503), "503"), (FaultMode::Reset, "a reset"), (FaultMode::HangHeaders, "a timeout")];

pub const CHECK: Check = Check {
    id: "ipc.retry.never",
    claim: "client errors and calls that are not idempotent are not retried",
    method: "The upstream answers a call with 400. If `unsafe_entry` is configured, it also answers a call of it with 503, with a reset, and (if `timeout` is configured) not at all. Fails if one of these calls is attempted more than once.",
    side_effects: OPENS,
    risk: "",
    deadline_ms: 60_000,
};

pub fn run(target: IpcTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

async fn check(target: IpcTarget) -> CheckVerdict {
    let retry = target.retry()?;
    if target.ipc.upstream.forward.is_some() {
        return CheckResult::skip("`upstream.forward` is configured, but client errors require HTTP").stop();
    }
    let mut harness = target.harness().await?;
    harness.fail(FaultMode::Status(400)).await?;
    let rejected = harness.call(Endpoint::Primary).await?.hits;
    let mut calls = 1;
    let (mut repeated, mut least, mut after) = (0, usize::MAX, "");
    if retry.unsafe_entry.is_some() {
        // Without a timeout, a call that is not answered would never end.
        let failures =
            FAILURES.iter().filter(|(mode, _)| *mode != FaultMode::HangHeaders || target.ipc.timeout.is_some());
        for (mode, name) in failures {
            let mut harness = target.harness().await?;
            harness.fail(*mode).await?;
            let hits = harness.call(Endpoint::NonIdempotent).await?.hits;
            target.log.record("unsafe_entry", format!("after {name}: {hits} attempts"));
            if hits > repeated {
                (repeated, after) = (hits, name);
            }
            least = least.min(hits);
            calls += 1;
        }
    }
    let found = if rejected > 1 {
        CheckResult::fail(calls, format!("the upstream answered 400, but was called {rejected} times"))
            .help("retry only after errors that may be temporary: connection errors, 429, 502, 503, 504", &[])
    } else if repeated > 1 {
        CheckResult::fail(
            calls,
            format!("a call that must not be repeated was attempted {repeated} times after {after}"),
        )
        .help("retry only idempotent calls (RFC 9110, section 9.2.2), or send an idempotency key", &[])
    } else if rejected == 0 || (retry.unsafe_entry.is_some() && least == 0) {
        CheckResult::error("inconclusive: no call reached the upstream")
    } else {
        CheckResult::pass(calls)
    };
    let found = if retry.unsafe_entry.is_none() {
        found.evidence("unsafe_entry", "not configured, so that only 400 was tested")
    } else {
        found.observed("hits_unsafe", repeated as u64)
    };
    Ok(found
        .control("calls reach the upstream", Outcome::Pass)
        .observed("hits_400", rejected as u64)
        .expected("hits_400", 1))
}
