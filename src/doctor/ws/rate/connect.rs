//! Check `ws.rate.connect`: connections are limited to the configured rate.

use std::time::{Duration, Instant};

use tokio::time::sleep_until;

use super::super::{Joined, WsTarget};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::record::Outcome;

/// Interval between connections.
const INTERVAL: Duration = Duration::from_millis(20);
/// Duration of the measurement.
const DURATION: Duration = Duration::from_secs(4);
/// Time after which the burst is used up, in seconds.
const BURST_TIME: f64 = 1.0;
/// Largest relative difference from the configured rate.
const TOLERANCE: f64 = 0.2;

pub const CHECK: Check = Check {
    id: "ws.rate.connect",
    claim: "connections are limited to the configured rate",
    method: "Opens a connection every 20 ms for 4 s and resets each at once. The measured rate is that of the \
             connections accepted after the first second; the measured burst is the number accepted in the first \
             second beyond that rate. Passes if both are within 20 % of `rate` (or the burst within 1). Fails if they \
             are not, or if nothing is refused. Skipped if `rate` is not set.",
    side_effects: "50 connections per second for 4 s, one at a time",
    risk: "",
    deadline_ms: 30_000,
};

pub fn run(target: WsTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: WsTarget) -> CheckVerdict {
    let Some(rate) = target.ws.rate else {
        return CheckResult::skip("`rate` is not set").stop();
    };
    // A first connection as the control would use part of the burst, so the control is that any connection is accepted.
    target.wait_for_rate_limit_reset().await;
    let route = target.route().await?;
    let (start, mut tried, mut accepted) = (Instant::now(), 0_u64, Vec::new());
    while start.elapsed() < DURATION {
        let at = start.elapsed().as_secs_f64();
        tried += 1;
        match target.join(&route).await? {
            Joined::Served(client) => {
                accepted.push(at);
                client.reset().await;
            }
            Joined::Refused(_) => {}
        }
        let next = INTERVAL * u32::try_from(tried).unwrap_or(u32::MAX);
        sleep_until((start + next).into()).await;
    }
    let (burst, later): (Vec<f64>, Vec<f64>) = accepted.iter().partition(|at| **at < BURST_TIME);
    let span = later.last().copied().unwrap_or_default() - later.first().copied().unwrap_or_default();
    let seen_rate = if later.len() > 1 { float(later.len() - 1) / span } else { 0.0 };
    let seen_burst = (float(burst.len()) - seen_rate * BURST_TIME).max(0.0);
    let near = |seen: f64, configured: f64| (seen - configured).abs() <= configured * TOLERANCE;
    let refused = tried - accepted.len() as u64;
    let result = if refused == 0 {
        CheckResult::fail(tried, format!("none of {tried} connections was refused, so the rate is not limited")).help(
            "verify that the key of the rate limit, such as the client address, is set for these connections",
            &[],
        )
    } else if !near(seen_rate, rate.per_second) {
        CheckResult::fail(tried, format!("expected {} connections per second, found {seen_rate:.2}", rate.per_second))
    } else if !near(seen_burst, rate.burst) && (seen_burst - rate.burst).abs() > 1.0 {
        CheckResult::fail(tried, format!("expected a burst of {}, found {seen_burst:.1}", rate.burst))
    } else {
        CheckResult::pass(tried)
    };
    let round = |number: f64| (number * 100.0).round() / 100.0;
    Ok(result
        .observed("rate_per_second", round(seen_rate))
        .observed("burst", round(seen_burst))
        .observed("tried", tried)
        .observed("accepted", accepted.len())
        .expected("rate_per_second", rate.per_second)
        .expected("burst", rate.burst)
        .control("accepted connection", if accepted.is_empty() { Outcome::Fail } else { Outcome::Pass }))
}

/// Converts a count that is small enough for an exact float.
#[allow(clippy::cast_precision_loss)]
fn float(count: usize) -> f64 {
    count as f64
}
