//! Check: the breaker closes after the upstream has recovered.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::super::harness::Endpoint;
use super::super::{IpcTarget, OPENS};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::fault::FaultMode;
use crate::doctor::record::Outcome;

const CALLS: u64 = 10;
/// Time for the breaker to close in addition to `open_for`.
const GRACE: Duration = Duration::from_secs(5);

pub const CHECK: Check = Check {
    id: "ipc.breaker.closes",
    claim: "after the upstream has recovered, all calls reach it again and succeed",
    method: "Opens the breaker, lets the upstream recover, waits until a call succeeds (at most `open_for` plus 5 s), and calls ten times. Fails if a call does not reach the upstream or does not succeed.",
    side_effects: OPENS,
    risk: "",
    deadline_ms: 120_000,
};

pub fn run(target: IpcTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

async fn check(target: IpcTarget) -> CheckVerdict {
    let (mut harness, breaker, tripped) = target.opened().await?;
    harness.fail(FaultMode::Ok).await?;
    let end = Instant::now() + Duration::from_millis(breaker.open_for_ms) + GRACE;
    while !harness.call(Endpoint::Primary).await?.is_ok {
        if Instant::now() >= end {
            return CheckResult::fail(1, "the upstream works again, but no call succeeds")
                .control("calls reach the upstream", Outcome::Pass)
                .help("close the breaker after a successful trial call", &[])
                .stop();
        }
        sleep(super::POLL).await;
    }
    let back = crate::doctor::log::millis(tripped.at.elapsed());
    let (mut through, mut succeeded) = (0, 0);
    for _ in 0..CALLS {
        let called = harness.call(Endpoint::Primary).await?;
        through += u64::from(called.hits > 0);
        succeeded += u64::from(called.is_ok);
    }
    let found = if through == CALLS && succeeded == CALLS {
        CheckResult::pass(CALLS)
    } else {
        let message = format!(
            "of {CALLS} calls after the first successful one, {through} reached the upstream and {succeeded} succeeded"
        );
        CheckResult::fail(CALLS, message).help("close the breaker after a successful trial call", &[])
    };
    Ok(found
        .control("calls reach the upstream", Outcome::Pass)
        .observed("through", through)
        .observed("well", succeeded)
        .observed("back_after_ms", back)
        .expected("through", CALLS))
}
