//! Check: calls reach the upstream. It is the control of the other checks.

use super::harness::Endpoint;
use super::{IpcTarget, OPENS};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::times::Times;

const CALLS: u64 = 10;

pub const CHECK: Check = Check {
    id: "ipc.baseline",
    claim: "each call to the service succeeds and makes one call to the upstream",
    method: "Calls the service ten times while the upstream works. Fails if a call fails, or if the number of upstream calls differs from the number of calls (with `upstream.forward`: is lower).",
    side_effects: OPENS,
    risk: "",
    deadline_ms: 60_000,
};

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
    // On a pooled connection to a real server, one call may send several messages.
    let is_right = hits == CALLS || (target.ipc.upstream.forward.is_some() && hits > CALLS);
    let found = if failed > 0 {
        CheckResult::fail(CALLS, format!("{failed} of {CALLS} calls failed although the upstream works: {last}"))
    } else if hits == 0 {
        CheckResult::fail(CALLS, "no call reached the upstream: the service does not use `{upstream}`")
    } else if is_right {
        CheckResult::pass(CALLS)
    } else {
        CheckResult::fail(CALLS, format!("expected {CALLS} upstream calls, found {hits}"))
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
        "pass `{upstream}` to the service in `start.env`, or set `upstream.listen` to the address that the service calls"
    } else {
        "set `entry` to a request that makes exactly one upstream call, without caches; other checks rely on these counts"
    };
    Ok(if failed > 0 || !is_right { found.help(help, &[]) } else { found })
}
