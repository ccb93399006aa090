//! What cannot succeed, or must not happen twice, is not tried again.

use super::super::harness::Endpoint;
use super::super::{IpcTarget, OPENS};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::fault::FaultMode;
use crate::doctor::record::Outcome;

/// How a call fails that must not be repeated, although it may have had its effect.
const FAILURES: [(FaultMode, &str); 3] =
    [(FaultMode::Status(503), "503"), (FaultMode::Reset, "a reset"), (FaultMode::HangHeaders, "no answer in time")];

/// The check.
pub const CHECK: Check = Check {
    id: "ipc.retry.never",
    claim: "an error of the caller is not tried again, nor is what must not happen twice",
    method: "The dependency answers 400: one attempt. Then 503, a reset and (where a `timeout` is claimed) no answer to `unsafe_entry`, where there is one: one attempt each. Fails where there is more than one.",
    opens: OPENS,
    harm: "",
    deadline_ms: 60_000,
};

/// Looks.
pub fn run(target: IpcTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

async fn check(target: IpcTarget) -> CheckVerdict {
    let retry = target.retry()?;
    if target.ipc.upstream.forward.is_some() {
        return CheckResult::skip("only HTTP has an answer that means `your mistake`").stop();
    }
    let mut harness = target.harness().await?;
    harness.fail(FaultMode::Status(400)).await?;
    let refused = harness.call(Endpoint::Primary).await?.hits;
    let mut calls = 1;
    let (mut repeated, mut least, mut after) = (0, usize::MAX, "");
    if retry.unsafe_entry.is_some() {
        // Without a deadline a call that is not answered would never end.
        let failures =
            FAILURES.iter().filter(|(mode, _)| *mode != FaultMode::HangHeaders || target.ipc.timeout.is_some());
        for (mode, name) in failures {
            let mut harness = target.harness().await?;
            harness.fail(*mode).await?;
            let hits = harness.call(Endpoint::NonIdempotent).await?.hits;
            target.log.note("unsafe_entry", format!("after {name}: asked {hits} times"));
            if hits > repeated {
                (repeated, after) = (hits, name);
            }
            least = least.min(hits);
            calls += 1;
        }
    }
    let found = if refused > 1 {
        CheckResult::fail(calls, format!("the dependency said 400, and was asked {refused} times"))
            .help("try again only what may succeed: connection errors, 429, 502, 503, 504", &[])
    } else if repeated > 1 {
        CheckResult::fail(calls, format!("a call that must not be repeated was made {repeated} times after {after}"))
            .help("repeat only what is idempotent (RFC 9110, section 9.2.2), or send an idempotency key", &[])
    } else if refused == 0 || (retry.unsafe_entry.is_some() && least == 0) {
        CheckResult::error("the dependency was not asked at all")
    } else {
        CheckResult::pass(calls)
    };
    let found = if retry.unsafe_entry.is_none() {
        found.evidence("unsafe_entry", "none is named, so only 400 was tried")
    } else {
        found.observed("hits_unsafe", repeated as u64)
    };
    Ok(found
        .control("calls reach the dependency", Outcome::Pass)
        .observed("hits_400", refused as u64)
        .expected("hits_400", 1))
}
