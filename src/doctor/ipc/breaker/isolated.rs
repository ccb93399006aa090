//! Check: each upstream has its own breaker.

use super::super::harness::Endpoint;
use super::super::{IpcTarget, OPENS};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::record::Outcome;

const CALLS: u64 = 5;

pub const CHECK: Check = Check {
    id: "ipc.breaker.isolated",
    claim: "while the breaker of one upstream is open, calls to another upstream get through",
    method: "Opens the breaker, then calls `other`, whose upstream works. Fails if such a call fails or does not reach its upstream.",
    side_effects: OPENS,
    risk: "",
    deadline_ms: 60_000,
};

pub fn run(target: IpcTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

async fn check(target: IpcTarget) -> CheckVerdict {
    let breaker = target.breaker()?;
    if target.ipc.other.is_none() {
        return CheckResult::skip("`other` is not configured: there is only one upstream").stop();
    }
    let mut harness = target.harness().await?;
    let before = harness.call(Endpoint::Secondary).await?;
    if !before.is_ok || before.hits == 0 {
        return CheckResult::error("inconclusive: `other` does not reach its upstream `{other}` before the fault")
            .stop();
    }
    target.tripped(&mut harness, breaker).await?;
    let (mut through, mut last) = (0, String::new());
    for _ in 0..CALLS {
        let called = harness.call(Endpoint::Secondary).await?;
        if called.is_ok && called.hits > 0 {
            through += 1;
        } else {
            last = super::super::harness::shortened(&called.text);
        }
    }
    let still_open = harness.call(Endpoint::Primary).await?.hits == 0;
    let found = if through < CALLS {
        CheckResult::fail(
            CALLS,
            format!("{} of {CALLS} calls to the other upstream were rejected: {last}", CALLS - through),
        )
        .help("use a separate breaker for each upstream", &[])
    } else if still_open {
        CheckResult::pass(CALLS)
    } else {
        CheckResult::error("inconclusive: the breaker was no longer open after the calls to the other upstream")
    };
    Ok(found
        .control("calls reach the other upstream before the fault", Outcome::Pass)
        .observed("through", through)
        .expected("through", CALLS))
}
