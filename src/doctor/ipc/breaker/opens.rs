//! Check: failing calls open the breaker.

use super::super::{IpcTarget, OPENS};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::record::Outcome;

pub const CHECK: Check = Check {
    id: "ipc.breaker.opens",
    claim: "after at most `max_trip_calls` failing calls, no call reaches the upstream",
    method: "The upstream answers each request with 500. Calls until a call does not reach the upstream. Fails if that takes more than `max_trip_calls` calls.",
    side_effects: OPENS,
    risk: "",
    deadline_ms: 60_000,
};

pub fn run(target: IpcTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

async fn check(target: IpcTarget) -> CheckVerdict {
    let breaker = target.breaker()?;
    let mut harness = target.harness().await?;
    let tripped = target.trip(&mut harness, breaker).await?;
    Ok(CheckResult::pass(tripped.calls + 1)
        .control("calls reach the upstream", Outcome::Pass)
        .observed("trip_calls", tripped.calls)
        .expected("max_trip_calls", breaker.max_trip_calls))
}
