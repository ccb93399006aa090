//! Check `ws.recover`: response times return to normal after an overload.

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

/// Duration of the overload.
const OVERLOAD: Duration = Duration::from_secs(3);
/// Time in which the server must recover.
const RECOVERY: Duration = Duration::from_secs(20);
/// Number of slots if `limit` is not set.
const DEFAULT_SLOTS: usize = 50;
/// Number of connections whose response times are measured.
const PROBES: usize = 5;

pub const CHECK: Check = Check {
    id: "ws.recover",
    claim: "response times return to normal after an overload",
    method: "Measures the response times of five connections. Then, for 3 s, opens and closes twice as many \
             connections as there are slots (100 if `limit` is not set) at once. Then measures again until the 99th \
             percentile is at most 1.2 times the first one, or at most 20 ms above it. Fails if that takes longer than \
             20 s, or if the five connections are not served. Skipped if `liveness` is `none`.",
    side_effects: "two times limit connections at once, repeatedly for 3 s",
    risk: HARM,
    deadline_ms: 60_000,
};

pub fn run(target: WsTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: WsTarget) -> CheckVerdict {
    if !target.has_liveness() {
        return CheckResult::skip("`liveness` is `none`").stop();
    }
    let slots = target.limit().map_or(DEFAULT_SLOTS, |(limit, _)| limit);
    let probes = PROBES.min(slots);
    let route = target.prepare(2 * slots as u64).await?;
    let mut before = Times::default();
    let mut connection_set = ConnectionSet::default();
    target.fill_to_limit(&route, &mut connection_set, probes).await?;
    connection_set.check_all(20, &mut before).await;
    connection_set.close().await;
    let overload = if target.quick { OVERLOAD / 3 } else { OVERLOAD };
    let (start, mut opened) = (Instant::now(), 0);
    while start.elapsed() < overload {
        opened += 2 * slots;
        let connection_set = target.burst(&route, 2 * slots).await?;
        connection_set.close().await;
    }
    target.log.record("overload", format!("{opened} connections were opened and closed"));
    let (start, calm) = (Instant::now(), before.quantile(0.99));
    let (mut last, mut unserved, mut served) = (None, 0, 0);
    // Connections that are opened faster than `rate` may be refused.
    let interval = target.ws.rate.map_or(Duration::ZERO, |rate| Duration::from_secs_f64(1.05 / rate.per_second));
    while start.elapsed() < RECOVERY {
        let (mut connection_set, mut after) = (ConnectionSet::default(), Times::default());
        for wanted in 1..=probes {
            sleep(interval).await;
            target.fill_to_limit(&route, &mut connection_set, wanted).await?;
        }
        served = connection_set.open.len();
        let all = served == probes;
        let silent = connection_set.check_all(20, &mut after).await;
        connection_set.close().await;
        let current = after.quantile(0.99);
        last = Some(current);
        unserved = silent;
        if all && silent == 0 && current <= (1.2 * calm).max(calm + NOISE) {
            let result = CheckResult::pass(before.count() + after.count()).latency(after.latency());
            return Ok(result
                .observed("p99_before_ms", calm)
                .observed("recovered_ms", millis(start.elapsed()))
                .control("first connection", Outcome::Pass));
        }
        sleep(Duration::from_millis(500)).await;
    }
    let why = match last {
        Some(_) if served < probes => {
            format!("{} s after the overload, only {served} of {probes} connections are served", RECOVERY.as_secs())
        }
        Some(_) if unserved > 0 => {
            format!("{} s after the overload, {unserved} liveness requests are not answered", RECOVERY.as_secs())
        }
        Some(current) if current > 0.0 => {
            format!(
                "{} s after the overload, response times are {current} ms (p99) instead of {calm} ms",
                RECOVERY.as_secs()
            )
        }
        _ => format!("{} s after the overload, fewer than {probes} connections are served", RECOVERY.as_secs()),
    };
    Ok(CheckResult::fail(before.count(), why)
        .observed("p99_before_ms", calm)
        .observed("p99_ms", last)
        .control("first connection", Outcome::Pass))
}
