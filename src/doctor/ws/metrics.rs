//! Whether what the server says of its connections is true.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::connection_set::{ConnectionSet, POLL, living};
use super::{Joined, WsTarget};
use crate::config::doctor::MetricsEndpoint;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::record::Outcome;

/// How long a number may lag behind.
const LAG: Duration = Duration::from_secs(3);
/// How many connections where no limit is claimed.
const SOME: usize = 10;

/// The check.
pub const CHECK: Check = Check {
    id: "ws.metrics",
    claim: "the numbers of connections that it gives are true",
    method: "The gauge `active` is read, `limit` connections are opened (10 where none is claimed), it is read, they are closed, it is read: it must have \
             risen by exactly as many, and fallen again, each within 3 s. The counter `refused`, where named, must rise by exactly as \
             many as were refused. Skipped where no `metrics` are named.",
    opens: "limit connections, and overshoot more where refusals are counted",
    harm: "",
    deadline_ms: 30_000,
};

/// Looks.
pub fn run(target: WsTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: WsTarget) -> CheckVerdict {
    let Some(metrics) = target.ws.metrics.clone() else {
        return CheckResult::skip("no `metrics` are named").stop();
    };
    let (limit, over) = target.limit().unwrap_or((SOME, 0));
    let route = target.ready((limit + over) as u64).await?;
    let before = target.settled(&metrics, &metrics.active).await?;
    let refused_before = match &metrics.refused {
        Some(name) => Some((name, target.metric(&metrics, name).await?)),
        None => None,
    };
    let mut connection_set = ConnectionSet::default();
    target.fill(&route, &mut connection_set, limit).await?;
    let held = connection_set.held.len();
    if held == 0 {
        return CheckResult::error("no connection could be opened").stop();
    }
    let risen = target.reaches(&metrics, &metrics.active, before + float(held)).await?;
    let mut refused = connection_set.refused.len();
    let mut joined = Vec::new();
    for _ in 0..if refused_before.is_some() { over } else { 0 } {
        match target.join(&route).await? {
            Joined::Refused(_) => refused += 1,
            Joined::Served(client) => joined.push(client),
        }
    }
    // A server may also refuse by a close frame behind the upgrade.
    sleep(POLL).await;
    let (alive, closed) = living(joined).await;
    refused += closed;
    for client in alive {
        client.close().await;
    }
    let counted = match refused_before {
        Some((name, start)) => Some((start, target.reaches(&metrics, name, start + float(refused)).await?)),
        None => None,
    };
    connection_set.close().await;
    let fallen = target.reaches(&metrics, &metrics.active, before).await?;
    let mut wrong = Vec::new();
    if !is(risen, before + float(held)) {
        wrong.push(format!("with {held} connections more, `{}` went from {before} to {risen}", metrics.active));
    }
    if !is(fallen, before) {
        wrong.push(format!("after they were closed it stands at {fallen} instead of {before}"));
    }
    if let Some((start, end)) = counted.filter(|(start, end)| !is(*end, start + float(refused))) {
        wrong.push(format!("{refused} were refused, and the counter went from {start} to {end}"));
    }
    let found = if wrong.is_empty() { CheckResult::pass(3) } else { CheckResult::fail(3, wrong.join("; ")) };
    let found = match counted {
        Some((start, end)) => found.observed("refused_counted", end - start).expected("refused_counted", refused),
        None => found,
    };
    Ok(found
        .observed("active", vec![before, risen, fallen])
        .expected("active", vec![before, before + float(held), before])
        .control("a first connection", Outcome::Pass))
}

impl WsTarget {
    /// A number that does not move any more.
    async fn settled(&self, metrics: &MetricsEndpoint, name: &str) -> Result<f64, Box<CheckResult>> {
        let (start, mut last) = (Instant::now(), self.metric(metrics, name).await?);
        while start.elapsed() < LAG {
            sleep(4 * POLL).await;
            let next = self.metric(metrics, name).await?;
            if is(next, last) {
                break;
            }
            last = next;
        }
        Ok(last)
    }

    /// The number, as soon as it is the wanted one, or when it has had time enough.
    async fn reaches(&self, metrics: &MetricsEndpoint, name: &str, wanted: f64) -> Result<f64, Box<CheckResult>> {
        let start = Instant::now();
        loop {
            let seen = self.metric(metrics, name).await?;
            if is(seen, wanted) || start.elapsed() > LAG {
                return Ok(seen);
            }
            sleep(POLL).await;
        }
    }
}

fn is(seen: f64, wanted: f64) -> bool {
    (seen - wanted).abs() < 0.5
}

/// Few enough that a float holds them exactly.
#[allow(clippy::cast_precision_loss)]
fn float(count: usize) -> f64 {
    count as f64
}
