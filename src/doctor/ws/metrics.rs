//! Whether what the server says of its connections is true.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::crowd::{Crowd, POLL, living};
use super::{Joined, Site};
use crate::config::doctor::MetricsEndpoint;
use crate::doctor::Check;
use crate::doctor::found::{Found, Looking, Verdict, looking};
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
pub fn look(site: Site) -> Looking {
    looking(check(site))
}

async fn check(site: Site) -> Verdict {
    let Some(metrics) = site.ws.metrics.clone() else {
        return Found::skip("no `metrics` are named").early();
    };
    let (limit, over) = site.limit().unwrap_or((SOME, 0));
    let route = site.ready((limit + over) as u64).await?;
    let before = site.settled(&metrics, &metrics.active).await?;
    let refused_before = match &metrics.refused {
        Some(name) => Some((name, site.metric(&metrics, name).await?)),
        None => None,
    };
    let mut crowd = Crowd::default();
    site.fill(&route, &mut crowd, limit).await?;
    let held = crowd.held.len();
    if held == 0 {
        return Found::error("no connection could be opened").early();
    }
    let risen = site.reaches(&metrics, &metrics.active, before + float(held)).await?;
    let mut refused = crowd.refused.len();
    let mut joined = Vec::new();
    for _ in 0..if refused_before.is_some() { over } else { 0 } {
        match site.join(&route).await? {
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
        Some((name, start)) => Some((start, site.reaches(&metrics, name, start + float(refused)).await?)),
        None => None,
    };
    crowd.close().await;
    let fallen = site.reaches(&metrics, &metrics.active, before).await?;
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
    let found = if wrong.is_empty() { Found::pass(3) } else { Found::fail(3, wrong.join("; ")) };
    let found = match counted {
        Some((start, end)) => found.observed("refused_counted", end - start).expected("refused_counted", refused),
        None => found,
    };
    Ok(found
        .observed("active", vec![before, risen, fallen])
        .expected("active", vec![before, before + float(held), before])
        .control("a first connection", Outcome::Pass))
}

impl Site {
    /// A number that does not move any more.
    async fn settled(&self, metrics: &MetricsEndpoint, name: &str) -> Result<f64, Box<Found>> {
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
    async fn reaches(&self, metrics: &MetricsEndpoint, name: &str, wanted: f64) -> Result<f64, Box<Found>> {
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
