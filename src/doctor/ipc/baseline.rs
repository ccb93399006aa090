//! The control of all the others: calls reach the dependency.

use super::harness::Endpoint;
use super::{IpcTarget, OPENS};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::times::Times;

/// How many calls.
const CALLS: u64 = 10;

/// The check.
pub const CHECK: Check = Check {
    id: "ipc.baseline",
    claim: "each call of the service is one of its dependency, and ends well",
    method: "Calls the service ten times while its dependency is well. Fails where a call fails, or where the dependency is not asked as often.",
    opens: OPENS,
    harm: "",
    deadline_ms: 60_000,
};

/// Looks.
pub fn run(target: IpcTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

async fn check(target: IpcTarget) -> CheckVerdict {
    let mut harness = target.start_unverified().await?;
    let (mut times, mut hits, mut failed, mut last) = (Times::default(), 0, 0_u64, String::new());
    for _ in 0..CALLS {
        let called = harness.call(Endpoint::Primary).await?;
        hits += called.hits as u64;
        if called.is_ok {
            times.add(called.time);
        } else {
            failed += 1;
            last = super::harness::shortened(&called.text);
        }
    }
    // A pooled connection to a real server takes several pieces for one call.
    let is_right = hits == CALLS || (target.ipc.upstream.forward.is_some() && hits > CALLS);
    let found = if failed > 0 {
        CheckResult::fail(CALLS, format!("{failed} of {CALLS} calls failed while the dependency was well: {last}"))
    } else if hits == 0 {
        CheckResult::fail(CALLS, "no call reached the dependency: the service is not wired to it")
    } else if is_right {
        CheckResult::pass(CALLS)
    } else {
        CheckResult::fail(CALLS, format!("{CALLS} calls made {hits} of the dependency"))
    };
    let found = found.observed("hits", hits).observed("failed", failed).expected("hits", CALLS);
    let found = found.observed("error_rate_percent", failed * 100 / CALLS);
    let found = if times.count() > 0 {
        let latency = times.latency();
        found.observed("latency_ms", latency.p50_ms).latency(latency)
    } else {
        found
    };
    let help = if hits == 0 {
        "point the service at `{upstream}` by `start.env`, or give `upstream.listen` the address that it knows"
    } else {
        "name an `entry` by which each call asks the dependency once, past caches; where that is not so, counts mean nothing"
    };
    Ok(if failed > 0 || !is_right { found.help(help, &[]) } else { found })
}
