//! The breaker of one dependency is not that of another one.

use super::super::harness::Endpoint;
use super::super::{IpcTarget, OPENS};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::record::Outcome;

/// How many calls.
const CALLS: u64 = 5;

/// The check.
pub const CHECK: Check = Check {
    id: "ipc.breaker.isolated",
    claim: "while the breaker of one dependency is open, calls of another one get through",
    method: "Opens the breaker, then calls `other`, whose dependency is well. Fails where such a call does not get through.",
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
    if target.ipc.other.is_none() {
        return CheckResult::skip("there is one dependency: no `other` is named").stop();
    }
    let mut harness = target.harness().await?;
    let before = harness.call(Endpoint::Secondary).await?;
    if !before.is_ok || before.hits == 0 {
        return CheckResult::error("`other` does not reach its own dependency, `{other}`, while all is well").stop();
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
            format!("{} of {CALLS} calls of the other dependency were turned away: {last}", CALLS - through),
        )
        .help("give each dependency a breaker of its own", &[])
    } else if still_open {
        CheckResult::pass(CALLS)
    } else {
        CheckResult::error("the breaker was no longer open when the other dependency had been called")
    };
    Ok(found
        .control("the other dependency is reached before", Outcome::Pass)
        .observed("through", through)
        .expected("through", CALLS))
}
