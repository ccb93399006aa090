//! Check `ws.limit.stable`: refused connections do not affect the connections that are served.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::WsTarget;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::record::Outcome;
use crate::doctor::times::Times;
use crate::doctor::ws::connection_set::partition_served;
use crate::doctor::ws::{ANSWER, Joined};

/// Duration of the refusals.
const DURATION: Duration = Duration::from_secs(3);
/// Interval between new connections.
const INTERVAL: Duration = Duration::from_millis(20);
/// Differences of response times up to this value, in milliseconds, are measurement noise.
pub const NOISE: f64 = 20.0;

/// One additional connection is reset per this number of attempts.
const RESET_EVERY: u64 = 4;
/// Time such a connection waits for its response before it is reset.
const RESET_AFTER: Duration = Duration::from_millis(500);

pub const CHECK: Check = Check {
    id: "ws.limit.stable",
    claim: "refused connections do not affect the connections that are served",
    method: "Fills all slots. For 3 s, tries a new connection every 20 ms (with every fourth, one more that is reset \
             when it is answered) and sends liveness requests on the open ones. Fails if one of them ended, or if the \
             server ends an open connection to accept a new one. Warns if the 99th percentile of the response times \
             more than doubled and grew by more than 20 ms. Inconclusive if no connection was refused.",
    side_effects: "limit connections, and 50 more per second for 3 s",
    risk: "",
    deadline_ms: 30_000,
};

pub fn run(target: WsTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: WsTarget) -> CheckVerdict {
    let (limit, over) = target.limit()?;
    let route = target.prepare((limit + over) as u64).await?;
    if let Some(evicted) = target.count_evicted(&route, limit).await? {
        let why = format!("the server ends an older connection for each new one: {evicted} of {limit} ended");
        return Ok(CheckResult::fail(limit as u64, why)
            .help("refuse the new connection and keep the open ones", &[])
            .observed("evicted", evicted)
            .expected("evicted", 0)
            .control("first connection", Outcome::Pass));
    }
    let mut connection_set = target.fill_completely(&route, limit).await?;
    let (mut before, mut during) = (Times::default(), Times::default());
    connection_set.check_all(5, &mut before).await;
    let duration = if target.quick { DURATION / 3 } else { DURATION };
    let (start, mut attempts, mut refused, mut accepted) = (Instant::now(), 0_u64, 0_u64, Vec::new());
    while start.elapsed() < duration {
        attempts += 1;
        if attempts.is_multiple_of(RESET_EVERY) {
            route.abandon(RESET_AFTER).await;
        }
        match target.join(&route).await? {
            Joined::Refused(_) => refused += 1,
            Joined::Served(client) => accepted.push(client),
        }
        let sampled = connection_set.open.len().min(20);
        for client in &connection_set.open[..sampled] {
            if let Ok(time) = client.check_liveness(ANSWER).await {
                during.add(time);
            }
        }
        sleep(INTERVAL).await;
    }
    // A server may also refuse with a close frame after the upgrade.
    let (alive, closed) = partition_served(accepted).await;
    refused += closed as u64;
    for client in alive {
        client.close().await;
    }
    if refused == 0 {
        return CheckResult::error("inconclusive: no connection was refused").stop();
    }
    let settled = connection_set.settle(Duration::ZERO).await;
    let dead = limit - settled.served.min(limit);
    connection_set.close().await;
    let (calm, busy) = (before.quantile(0.99), during.quantile(0.99));
    let result = if dead > 0 {
        CheckResult::fail(
            during.count(),
            format!("{dead} of {limit} served connections ended while others were refused"),
        )
        .help("refuse the new connection and keep the open ones; handle I/O errors of refused connections", &[])
    } else if busy > 2.0 * calm && busy > calm + NOISE {
        CheckResult::warn(
            during.count(),
            format!("while others are refused, response times are {busy} ms (p99) instead of {calm} ms"),
        )
    } else {
        CheckResult::pass(during.count())
    };
    let result = result.latency(during.latency());
    Ok(result
        .observed("evicted", dead)
        .observed("refused", refused)
        .observed("p99_before_ms", calm)
        .expected("evicted", 0)
        .control("first connection", Outcome::Pass))
}
