//! A dependency that is well again is used again.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::super::harness::Endpoint;
use super::super::{IpcTarget, OPENS};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::fault::FaultMode;
use crate::doctor::record::Outcome;

/// How many calls.
const CALLS: u64 = 10;
/// What a breaker may take beyond the time that it stays open.
const GRACE: Duration = Duration::from_secs(5);

/// The check.
pub const CHECK: Check = Check {
    id: "ipc.breaker.closes",
    claim: "once the dependency is well, all calls reach it again and end well",
    method: "Opens the breaker, lets the dependency be well, waits until a call ends well (`open_for` and 5 s at most), and calls ten times. Fails where one does not get through.",
    opens: OPENS,
    harm: "",
    deadline_ms: 120_000,
};

/// Looks.
pub fn run(target: IpcTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

async fn check(target: IpcTarget) -> CheckVerdict {
    let (mut harness, breaker, tripped) = target.opened().await?;
    harness.fail(FaultMode::Ok).await?;
    let end = Instant::now() + Duration::from_millis(breaker.open_for_ms) + GRACE;
    while !harness.call(Endpoint::Primary).await?.is_ok {
        if Instant::now() >= end {
            return CheckResult::fail(1, "the dependency is well again, and no call ends well")
                .control("calls reach the dependency", Outcome::Pass)
                .help("a trial that succeeds must close the breaker", &[])
                .stop();
        }
        sleep(super::POLL).await;
    }
    let back = crate::doctor::log::millis(tripped.at.elapsed());
    let (mut through, mut well) = (0, 0);
    for _ in 0..CALLS {
        let called = harness.call(Endpoint::Primary).await?;
        through += u64::from(called.hits > 0);
        well += u64::from(called.is_ok);
    }
    let found = if through == CALLS && well == CALLS {
        CheckResult::pass(CALLS)
    } else {
        let said = format!(
            "of {CALLS} calls behind the first good one {through} reached the dependency and {well} ended well"
        );
        CheckResult::fail(CALLS, said).help("a trial that succeeds must close the breaker", &[])
    };
    Ok(found
        .control("calls reach the dependency", Outcome::Pass)
        .observed("through", through)
        .observed("well", well)
        .observed("back_after_ms", back)
        .expected("through", CALLS))
}
