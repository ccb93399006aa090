//! Whether everything is as before when an overload is over.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::Site;
use super::crowd::Crowd;
use super::limit::stable::NOISE;
use crate::doctor::Check;
use crate::doctor::found::{Found, Looking, Verdict, looking};
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
pub fn look(site: Site) -> Looking {
    looking(check(site))
}

async fn check(site: Site) -> Verdict {
    if !site.has_liveness() {
        return Found::skip("`liveness` is `none`").early();
    }
    let slots = site.limit().map_or(SOME, |(limit, _)| limit);
    let probes = PROBES.min(slots);
    let route = site.ready(2 * slots as u64).await?;
    let mut before = Times::default();
    let mut crowd = Crowd::default();
    site.fill(&route, &mut crowd, probes).await?;
    crowd.beats(20, &mut before).await;
    crowd.close().await;
    let overload = if site.quick { OVERLOAD / 3 } else { OVERLOAD };
    let (start, mut came) = (Instant::now(), 0);
    while start.elapsed() < overload {
        came += 2 * slots;
        let crowd = site.burst(&route, 2 * slots).await?;
        crowd.close().await;
    }
    site.log.note("overload", format!("{came} connections came and went"));
    let (start, calm) = (Instant::now(), before.quantile(0.99));
    let (mut last, mut unserved, mut served) = (None, 0, 0);
    // Connections that come faster than is claimed may be refused.
    let pace = site.ws.rate.map_or(Duration::ZERO, |rate| Duration::from_secs_f64(1.05 / rate.per_second));
    while start.elapsed() < RECOVERY {
        let (mut crowd, mut after) = (Crowd::default(), Times::default());
        for wanted in 1..=probes {
            sleep(pace).await;
            site.fill(&route, &mut crowd, wanted).await?;
        }
        served = crowd.held.len();
        let all = served == probes;
        let silent = crowd.beats(20, &mut after).await;
        crowd.close().await;
        let late = after.quantile(0.99);
        last = Some(late);
        unserved = silent;
        if all && silent == 0 && late <= (1.2 * calm).max(calm + NOISE) {
            let found = Found::pass(before.count() + after.count()).latency(after.latency());
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
    Ok(Found::fail(before.count(), why)
        .observed("p99_before_ms", calm)
        .observed("p99_ms", last)
        .control("a first connection", Outcome::Pass))
}
