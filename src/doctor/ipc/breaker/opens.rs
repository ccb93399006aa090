//! Failures open the breaker.

use super::super::{IpcTarget, OPENS};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::record::Outcome;

/// The check.
pub const CHECK: Check = Check {
    id: "ipc.breaker.opens",
    claim: "after so many failing calls no call reaches the dependency",
    method: "The dependency answers 500 to all. Calls until a call does not reach it. Fails where that takes more than `max_trip_calls`.",
    opens: OPENS,
    harm: "",
    deadline_ms: 60_000,
};

/// Looks.
pub fn run(target: IpcTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

async fn check(target: IpcTarget) -> CheckVerdict {
    let breaker = target.breaker()?;
    let mut harness = target.harness().await?;
    let tripped = target.trip(&mut harness, breaker).await?;
    Ok(CheckResult::pass(tripped.calls + 1)
        .control("calls reach the dependency", Outcome::Pass)
        .observed("trip_calls", tripped.calls)
        .expected("max_trip_calls", breaker.max_trip_calls))
}
