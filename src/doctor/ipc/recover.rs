//! Check: the service recovers after upstream failures.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::harness::{Endpoint, Harness};
use super::{IpcTarget, OPENS};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::fault::FaultMode;
use crate::doctor::record::Outcome;
use crate::doctor::times::Times;

const CALLS: u64 = 20;
/// Factor by which the median call may be slower than before.
const SLOWER: f64 = 1.5;
/// Difference in milliseconds that is attributed to the machine.
const SLACK: f64 = 5.0;
/// Time to recover in addition to twice the time for which a breaker stays open.
const GRACE: Duration = Duration::from_secs(5);

pub const CHECK: Check = Check {
    id: "ipc.recover",
    claim: "after upstream failures, calls succeed again and take as long as before",
    method: "Measures calls, lets the upstream fail in several ways, waits until a call succeeds (at most twice `open_for` plus 5 s), and measures again. Fails if a call fails, or if the median is more than 1.5 times the previous median plus 5 ms.",
    side_effects: OPENS,
    risk: "",
    deadline_ms: 120_000,
};

pub fn run(target: IpcTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

async fn check(target: IpcTarget) -> CheckVerdict {
    let mut harness = target.harness().await?;
    let (before, ..) = measured(&mut harness).await?;
    let mut faults = vec![FaultMode::Status(500), FaultMode::Reset, FaultMode::Refuse, FaultMode::Garbage];
    if target.ipc.timeout.is_some() {
        faults.push(FaultMode::HangHeaders);
    }
    let mut any_failed = false;
    for fault in faults {
        harness.fail(fault).await?;
        any_failed |= !harness.call(Endpoint::Primary).await?.is_ok;
        any_failed |= !harness.call(Endpoint::Primary).await?.is_ok;
    }
    if !any_failed {
        return CheckResult::error(
            "inconclusive: no call failed while the upstream failed, so there is nothing to recover from",
        )
        .stop();
    }
    harness.fail(FaultMode::Ok).await?;
    let open_for = target.ipc.breaker.map_or(Duration::ZERO, |breaker| Duration::from_millis(breaker.open_for_ms));
    let start = Instant::now();
    while !harness.call(Endpoint::Primary).await?.is_ok {
        if start.elapsed() > open_for * 2 + GRACE {
            return CheckResult::fail(1, "the upstream works again, but no call succeeds")
                .control("calls reach the upstream", Outcome::Pass)
                .help("let the service reconnect to its upstream without a restart", &[])
                .stop();
        }
        sleep(Duration::from_millis(50)).await;
    }
    let back = crate::doctor::log::millis(start.elapsed());
    let (after, failed, hits) = measured(&mut harness).await?;
    let (was, is) = (before.quantile(0.5), after.quantile(0.5));
    let found = if hits == 0 {
        CheckResult::error("inconclusive: after the failures calls succeed without reaching the upstream")
    } else if failed > 0 {
        CheckResult::fail(CALLS, format!("{failed} of {CALLS} calls failed after the first successful one"))
            .help("let all calls succeed once one has succeeded", &[])
    } else if is > was * SLOWER + SLACK {
        CheckResult::fail(
            CALLS,
            format!("the median duration of a call was {was:.1} ms before the failures and {is:.1} ms after them"),
        )
        .help("find what failed calls leave behind: connections, threads, queues", &[])
    } else {
        CheckResult::pass(CALLS)
    };
    Ok(found
        .control("calls reach the upstream", Outcome::Pass)
        .observed("before_p50_ms", was)
        .observed("after_p50_ms", is)
        .observed("back_after_ms", back)
        .expected("slower_most", SLOWER))
}

/// Measures calls. Returns their durations, the number of failed calls, and the number of upstream calls.
async fn measured(harness: &mut Harness) -> Result<(Times, u64, usize), Box<CheckResult>> {
    let (mut times, mut failed, mut hits) = (Times::default(), 0, 0);
    for _ in 0..CALLS {
        let called = harness.call(Endpoint::Primary).await?;
        times.add(called.time);
        failed += u64::from(!called.is_ok);
        hits += called.hits;
    }
    Ok((times, failed, hits))
}
