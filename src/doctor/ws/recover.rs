//! Whether everything is as before when an overload is over.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::WsTarget;
use super::connection_set::ConnectionSet;
use super::limit::stable::NOISE;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::log::millis;
use crate::doctor::record::Outcome;
use crate::doctor::times::Times;
use crate::doctor::ws::HARM;

/// For how long it is overloaded.
const OVERLOAD: Duration = Duration::from_secs(3);
/// How long it may take to recover.
const RECOVERY: Duration = Duration::from_secs(20);
/// Connections where no limit is claimed.
const SOME: usize = 50;
/// Connections that are asked before and after.
const PROBES: usize = 5;

/// The check.
pub const CHECK: Check = Check {
    id: "ws.recover",
    claim: "after an overload it is as fast as before",
    method: "The answers of five connections are timed; for 3 s twice as many connections as there are slots (100 where no limit is claimed) come and \
             go at once; then they are timed again until the 99th percentile is within 1.2 of the first (or 20 ms above it). Fails \
             where that takes longer than 20 s, or the five are not served.",
    opens: "two times limit connections at once, again and again for 3 s",
    harm: HARM,
    deadline_ms: 60_000,
};

/// Looks.
pub fn run(target: WsTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: WsTarget) -> CheckVerdict {
    if !target.has_liveness() {
        return CheckResult::skip("`liveness` is `none`").stop();
    }
    let slots = target.limit().map_or(SOME, |(limit, _)| limit);
    let probes = PROBES.min(slots);
    let route = target.ready(2 * slots as u64).await?;
    let mut before = Times::default();
    let mut connection_set = ConnectionSet::default();
    target.fill(&route, &mut connection_set, probes).await?;
    connection_set.beats(20, &mut before).await;
    connection_set.close().await;
    let overload = if target.quick { OVERLOAD / 3 } else { OVERLOAD };
    let (start, mut came) = (Instant::now(), 0);
    while start.elapsed() < overload {
        came += 2 * slots;
        let connection_set = target.burst(&route, 2 * slots).await?;
        connection_set.close().await;
    }
    target.log.note("overload", format!("{came} connections came and went"));
    let (start, calm) = (Instant::now(), before.quantile(0.99));
    let (mut last, mut unserved, mut served) = (None, 0, 0);
    // Connections that come faster than is claimed may be refused.
    let pace = target.ws.rate.map_or(Duration::ZERO, |rate| Duration::from_secs_f64(1.05 / rate.per_second));
    while start.elapsed() < RECOVERY {
        let (mut connection_set, mut after) = (ConnectionSet::default(), Times::default());
        for wanted in 1..=probes {
            sleep(pace).await;
            target.fill(&route, &mut connection_set, wanted).await?;
        }
        served = connection_set.held.len();
        let all = served == probes;
        let silent = connection_set.beats(20, &mut after).await;
        connection_set.close().await;
        let late = after.quantile(0.99);
        last = Some(late);
        unserved = silent;
        if all && silent == 0 && late <= (1.2 * calm).max(calm + NOISE) {
            let found = CheckResult::pass(before.count() + after.count()).latency(after.latency());
            return Ok(found
                .observed("p99_before_ms", calm)
                .observed("recovered_ms", millis(start.elapsed()))
                .control("a first connection", Outcome::Pass));
        }
        sleep(Duration::from_millis(500)).await;
    }
    let why = match last {
        Some(_) if served < probes => {
            format!("{} s after the overload only {served} of {probes} connections are served", RECOVERY.as_secs())
        }
        Some(_) if unserved > 0 => {
            format!("{} s after the overload {unserved} signs of life are not answered", RECOVERY.as_secs())
        }
        Some(late) if late > 0.0 => {
            format!("{} s after the overload answers take {late} ms (p99) instead of {calm} ms", RECOVERY.as_secs())
        }
        _ => format!("{} s after the overload it does not serve {probes} connections", RECOVERY.as_secs()),
    };
    Ok(CheckResult::fail(before.count(), why)
        .observed("p99_before_ms", calm)
        .observed("p99_ms", last)
        .control("a first connection", Outcome::Pass))
}
