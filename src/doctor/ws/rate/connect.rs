//! Whether the rate of connections is limited as it is claimed.

use std::time::{Duration, Instant};

use tokio::time::sleep_until;

use super::super::{Joined, WsTarget};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::record::Outcome;

/// How often one comes.
const PACE: Duration = Duration::from_millis(20);
/// For how long.
const WATCH: Duration = Duration::from_secs(4);
/// After this the burst is used up.
const SETTLED: f64 = 1.0;
/// How far the rate may be from what is claimed.
const NEAR: f64 = 0.2;

/// The check.
pub const CHECK: Check = Check {
    id: "ws.rate.connect",
    claim: "connections are limited to the rate that is claimed",
    method: "A connection every 20 ms for 4 s, each closed at once. The rate is that of the accepted ones after the first second, the burst what was \
             accepted in the first second beyond it. Passes where both are within 20 % of `rate` (the burst within one, too); \
             fails where they are not, and where none is refused; skipped where no `rate` is claimed.",
    opens: "50 connections a second for 4 s, one at a time",
    harm: "",
    deadline_ms: 30_000,
};

/// Looks.
pub fn run(target: WsTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: WsTarget) -> CheckVerdict {
    let Some(rate) = target.ws.rate else {
        return CheckResult::skip("no `rate` is claimed").stop();
    };
    // A first connection would use up part of the burst: the control is that some are accepted.
    target.wait_for_rate_limit_reset().await;
    let route = target.route().await?;
    let (start, mut tried, mut accepted) = (Instant::now(), 0_u64, Vec::new());
    while start.elapsed() < WATCH {
        let at = start.elapsed().as_secs_f64();
        tried += 1;
        match target.join(&route).await? {
            Joined::Served(client) => {
                accepted.push(at);
                client.reset().await;
            }
            Joined::Refused(_) => {}
        }
        let next = PACE * u32::try_from(tried).unwrap_or(u32::MAX);
        sleep_until((start + next).into()).await;
    }
    let (stop, late): (Vec<f64>, Vec<f64>) = accepted.iter().partition(|at| **at < SETTLED);
    let span = late.last().copied().unwrap_or_default() - late.first().copied().unwrap_or_default();
    let seen_rate = if late.len() > 1 { float(late.len() - 1) / span } else { 0.0 };
    let seen_burst = (float(stop.len()) - seen_rate * SETTLED).max(0.0);
    let near = |seen: f64, claimed: f64| (seen - claimed).abs() <= claimed * NEAR;
    let refused = tried - accepted.len() as u64;
    let found = if refused == 0 {
        CheckResult::fail(tried, format!("none of {tried} was refused, so there is no limit"))
            .help("look whether the key of the limit is empty for these connections", &[])
    } else if !near(seen_rate, rate.per_second) {
        CheckResult::fail(
            tried,
            format!("{seen_rate:.2} are accepted in a second, and {} are claimed", rate.per_second),
        )
    } else if !near(seen_burst, rate.burst) && (seen_burst - rate.burst).abs() > 1.0 {
        CheckResult::fail(tried, format!("{seen_burst:.1} are accepted at once, and {} are claimed", rate.burst))
    } else {
        CheckResult::pass(tried)
    };
    let round = |number: f64| (number * 100.0).round() / 100.0;
    Ok(found
        .observed("rate_per_second", round(seen_rate))
        .observed("burst", round(seen_burst))
        .observed("tried", tried)
        .observed("accepted", accepted.len())
        .expected("rate_per_second", rate.per_second)
        .expected("burst", rate.burst)
        .control("a connection at all", if accepted.is_empty() { Outcome::Fail } else { Outcome::Pass }))
}

/// Few enough that a float holds them exactly.
#[allow(clippy::cast_precision_loss)]
fn float(count: usize) -> f64 {
    count as f64
}
