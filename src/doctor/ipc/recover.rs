//! After all failures the service is as it was before.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::harness::{Endpoint, Harness};
use super::{IpcTarget, OPENS};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::fault::FaultMode;
use crate::doctor::record::Outcome;
use crate::doctor::times::Times;

/// How many calls.
const CALLS: u64 = 20;
/// By how much a call may take longer than before.
const SLOWER: f64 = 1.5;
/// Differences below this, in milliseconds, are the machine's.
const SLACK: f64 = 5.0;
/// What a service may take to be well beyond the time that a breaker stays open.
const GRACE: Duration = Duration::from_secs(5);

/// The check.
pub const CHECK: Check = Check {
    id: "ipc.recover",
    claim: "after failures calls end well again, and take as long as before",
    method: "Measures calls, lets the dependency fail in several ways, waits until a call ends well (`open_for` and 5 s at most), and measures again. Fails where a call fails, or the median is more than 1.5 times what it was.",
    opens: OPENS,
    harm: "",
    deadline_ms: 120_000,
};

/// Looks.
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
    let mut met = false;
    for fault in faults {
        harness.fail(fault).await?;
        met |= !harness.call(Endpoint::Primary).await?.is_ok;
        met |= !harness.call(Endpoint::Primary).await?.is_ok;
    }
    if !met {
        return CheckResult::error("no call failed while the dependency did, so there is nothing to recover from")
            .stop();
    }
    harness.fail(FaultMode::Ok).await?;
    let open_for = target.ipc.breaker.map_or(Duration::ZERO, |breaker| Duration::from_millis(breaker.open_for_ms));
    let start = Instant::now();
    while !harness.call(Endpoint::Primary).await?.is_ok {
        if start.elapsed() > open_for * 2 + GRACE {
            return CheckResult::fail(1, "the dependency is well again, and no call ends well")
                .control("calls reach the dependency while it is well", Outcome::Pass)
                .help("restart is no recovery: let the service find its dependency again", &[])
                .stop();
        }
        sleep(Duration::from_millis(50)).await;
    }
    let back = crate::doctor::log::millis(start.elapsed());
    let (after, failed, hits) = measured(&mut harness).await?;
    let (was, is) = (before.quantile(0.5), after.quantile(0.5));
    let found = if hits == 0 {
        CheckResult::error(
            "behind the failures the dependency was not asked any more, and calls end well: somebody else answers",
        )
    } else if failed > 0 {
        CheckResult::fail(CALLS, format!("{failed} of {CALLS} calls failed after the first good one"))
            .help("one good call must mean that all is well", &[])
    } else if is > was * SLOWER + SLACK {
        CheckResult::fail(CALLS, format!("the median of a call was {was:.1} ms before and is {is:.1} ms"))
            .help("look for what is left behind by failed calls: connections, threads, queues", &[])
    } else {
        CheckResult::pass(CALLS)
    };
    Ok(found
        .control("calls reach the dependency while it is well", Outcome::Pass)
        .observed("before_p50_ms", was)
        .observed("after_p50_ms", is)
        .observed("back_after_ms", back)
        .expected("slower_most", SLOWER))
}

/// How long calls take, how many fail, and how often the dependency is asked.
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
