//! Check: retries do not overload an upstream that is down.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use tokio::time::{interval, sleep};

use super::super::harness::{Endpoint, Harness};
use super::super::{HARM, IpcTarget, OPENS};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::fault::FaultMode;
use crate::doctor::record::Outcome;

/// Interval between calls.
const EVERY: Duration = Duration::from_millis(100);
/// Duration of the outage.
const OUTAGE: Duration = Duration::from_secs(30);
/// The same with `--quick`.
const SHORT: Duration = Duration::from_secs(3);

pub const CHECK: Check = Check {
    id: "ipc.retry.amplification",
    claim: "while the upstream is down, it receives at most `amplification` attempts per call",
    method: "The upstream answers 503 for 30 s (3 s with `--quick`) while the service is called ten times per second. Fails if there are more than `amplification` (default: `max_attempts`) attempts per call.",
    side_effects: OPENS,
    risk: HARM,
    deadline_ms: 120_000,
};

pub fn run(target: IpcTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

async fn check(target: IpcTarget) -> CheckVerdict {
    let retry = target.retry()?;
    let harness = target.harness().await?;
    harness.fail(FaultMode::Status(503)).await?;
    let before = harness.upstream.count();
    let calls = outage(&harness, if target.quick { SHORT } else { OUTAGE }).await?;
    // Pending attempts also belong to these calls.
    sleep(EVERY).await;
    let hits = (harness.upstream.count() - before) as u64;
    let float = |count: u64| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    let ratio = float(hits) / float(calls.max(1));
    let most = retry.amplification.unwrap_or_else(|| float(retry.max_attempts));
    let found = if hits == 0 {
        CheckResult::error("inconclusive: no call reached the upstream")
    } else if ratio > most {
        CheckResult::fail(
            calls,
            format!("{calls} calls made {hits} upstream calls while the upstream was down, {ratio:.1} per call"),
        )
        .help("limit attempts with a budget for all calls, or add a circuit breaker", &[])
    } else {
        CheckResult::pass(calls)
    };
    Ok(found
        .control("calls reach the upstream", Outcome::Pass)
        .observed("hits", hits)
        .observed("calls", calls)
        .observed("ratio", (ratio * 100.0).round() / 100.0)
        .expected("ratio_most", most))
}

/// Calls at a fixed rate without waiting for earlier calls. Returns the number of calls.
async fn outage(harness: &Harness, time: Duration) -> Result<u64, Box<CheckResult>> {
    let (mut ticks, end) = (interval(EVERY), Instant::now() + time);
    let (mut open, mut calls) = (futures_util::stream::FuturesUnordered::new(), 0);
    while Instant::now() < end {
        tokio::select! {
            _ = ticks.tick() => {
                calls += 1;
                open.push(harness.asked(Endpoint::Primary));
            }
            Some(called) = open.next(), if !open.is_empty() => drop(called?),
        }
    }
    while let Some(called) = open.next().await {
        called?;
    }
    Ok(calls)
}
