//! Check `ws.metrics`: the connection metrics of the server are correct.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::connection_set::{ConnectionSet, POLL, partition_served};
use super::{Joined, WsTarget};
use crate::config::doctor::MetricsEndpoint;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::record::Outcome;

/// Time after which a metric must be up to date.
const MAX_LAG: Duration = Duration::from_secs(3);
/// Number of connections if `limit` is not set.
const DEFAULT_CONNECTIONS: usize = 10;

pub const CHECK: Check = Check {
    id: "ws.metrics",
    claim: "the connection metrics of the server are correct",
    method: "Reads the gauge `active`, opens `limit` connections (10 if `limit` is not set), reads it, closes them, \
             and reads it again. Fails if it does not rise by exactly that number and fall again, each within 3 s. If \
             the counter `refused` is set, fails if it does not rise by exactly the number of refused connections. \
             Skipped if `metrics` is not set.",
    side_effects: "limit connections, and overshoot more if refusals are counted",
    risk: "",
    deadline_ms: 30_000,
};

pub fn run(target: WsTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: WsTarget) -> CheckVerdict {
    let Some(metrics) = target.ws.metrics.clone() else {
        return CheckResult::skip("`metrics` is not set").stop();
    };
    let (limit, over) = target.limit().unwrap_or((DEFAULT_CONNECTIONS, 0));
    let route = target.prepare((limit + over) as u64).await?;
    let before = target.stable_value(&metrics, &metrics.active).await?;
    let refused_before = match &metrics.refused {
        Some(name) => Some((name, target.metric(&metrics, name).await?)),
        None => None,
    };
    let mut connection_set = ConnectionSet::default();
    target.fill_to_limit(&route, &mut connection_set, limit).await?;
    let held = connection_set.open.len();
    if held == 0 {
        return CheckResult::error("cannot open a connection").stop();
    }
    let risen = target.wait_for_value(&metrics, &metrics.active, before + float(held)).await?;
    let mut refused = connection_set.refused.len();
    let mut joined = Vec::new();
    for _ in 0..if refused_before.is_some() { over } else { 0 } {
        match target.join(&route).await? {
            Joined::Refused(_) => refused += 1,
            Joined::Served(client) => joined.push(client),
        }
    }
    // A server may also refuse with a close frame after the upgrade.
    sleep(POLL).await;
    let (alive, closed) = partition_served(joined).await;
    refused += closed;
    for client in alive {
        client.close().await;
    }
    let counted = match refused_before {
        Some((name, start)) => Some((start, target.wait_for_value(&metrics, name, start + float(refused)).await?)),
        None => None,
    };
    connection_set.close().await;
    let fallen = target.wait_for_value(&metrics, &metrics.active, before).await?;
    let mut wrong = Vec::new();
    if !is_equal(risen, before + float(held)) {
        wrong.push(format!("after {held} more connections, `{}` changed from {before} to {risen}", metrics.active));
    }
    if !is_equal(fallen, before) {
        wrong.push(format!("after they were closed, the gauge is {fallen} instead of {before}"));
    }
    if let Some((start, end)) = counted.filter(|(start, end)| !is_equal(*end, start + float(refused))) {
        wrong.push(format!("{refused} connections were refused, but the counter changed from {start} to {end}"));
    }
    let result = if wrong.is_empty() { CheckResult::pass(3) } else { CheckResult::fail(3, wrong.join("; ")) };
    let result = match counted {
        Some((start, end)) => result.observed("refused_counted", end - start).expected("refused_counted", refused),
        None => result,
    };
    Ok(result
        .observed("active", vec![before, risen, fallen])
        .expected("active", vec![before, before + float(held), before])
        .control("first connection", Outcome::Pass))
}

impl WsTarget {
    /// Returns the value of a metric once it is stable, or after 3 s.
    async fn stable_value(&self, metrics: &MetricsEndpoint, name: &str) -> Result<f64, Box<CheckResult>> {
        let (start, mut last) = (Instant::now(), self.metric(metrics, name).await?);
        while start.elapsed() < MAX_LAG {
            sleep(4 * POLL).await;
            let next = self.metric(metrics, name).await?;
            if is_equal(next, last) {
                break;
            }
            last = next;
        }
        Ok(last)
    }

    /// Returns the value of a metric once it is the wanted one, or after 3 s.
    async fn wait_for_value(
        &self,
        metrics: &MetricsEndpoint,
        name: &str,
        wanted: f64,
    ) -> Result<f64, Box<CheckResult>> {
        let start = Instant::now();
        loop {
            let seen = self.metric(metrics, name).await?;
            if is_equal(seen, wanted) || start.elapsed() > MAX_LAG {
                return Ok(seen);
            }
            sleep(POLL).await;
        }
    }
}

fn is_equal(seen: f64, wanted: f64) -> bool {
    (seen - wanted).abs() < 0.5
}

/// Converts a count that is small enough for an exact float.
#[allow(clippy::cast_precision_loss)]
fn float(count: usize) -> f64 {
    count as f64
}
