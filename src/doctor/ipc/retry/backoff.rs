//! Waits grow.

use super::super::{OPENS, Site};
use super::{MORE, TRIALS, means, shown};
use crate::config::doctor::Retry;
use crate::doctor::Check;
use crate::doctor::found::{Found, Looking, Verdict, looking};
use crate::doctor::record::Outcome;

/// By how much a wait must be longer than the one before it.
const GROWTH: f64 = 1.3;
/// Waits below this, in milliseconds, are none.
const NONE: f64 = 1.0;

/// The check.
pub const CHECK: Check = Check {
    id: "ipc.retry.backoff",
    claim: "the waits before further attempts grow until their cap",
    method: "The dependency fails as often as attempts are claimed but one, in 5 calls; where the growth is in doubt, in 15 more, because waits with full jitter must be judged by their means. Fails where a mean is less than 1.3 times the one before it and below `cap`, or where the first is far below `base`.",
    opens: OPENS,
    harm: "",
    deadline_ms: 300_000,
};

/// Looks.
pub fn look(site: Site) -> Looking {
    looking(async move { run(site).await })
}

async fn run(site: Site) -> Verdict {
    let retry = site.retry()?;
    if retry.max_attempts < 3 {
        return Found::skip("with `max_attempts` below 3 there are no two waits to compare").early();
    }
    let mut waits = site.waits(&retry, TRIALS).await?;
    if complaint(&means(&waits), &retry).is_some() && is_in_doubt(&waits) {
        waits = site.waits(&retry, TRIALS + MORE).await?;
    }
    let (calls, means) = (waits.len() as u64, means(&waits));
    let found = if means.len() < 2 {
        Found::error("no call was tried three times, so there is no growth to be seen")
    } else {
        match complaint(&means, &retry) {
            Some(why) => Found::fail(calls, why).remedy("double the wait each time, up to a cap, with jitter", &[]),
            None => Found::pass(calls),
        }
    };
    Ok(found
        .control("calls reach the dependency", Outcome::Pass)
        .observed("mean_waits_ms", shown(&means))
        .expected("growth_least", GROWTH))
}

/// What is wrong with the means of the waits.
fn complaint(means: &[f64], retry: &Retry) -> Option<String> {
    let cap = retry.cap_ms.map_or(f64::INFINITY, float);
    for (place, pair) in means.windows(2).enumerate() {
        // Near its cap, a wait with full jitter is half of it on average.
        let is_capped = pair[1] >= cap * 0.45;
        let grows = pair[1] >= pair[0] * GROWTH && pair[1] > NONE;
        if !grows && !is_capped {
            let number = place + 2;
            return Some(format!("wait {number} is {:.0} ms on average, the one before it {:.0} ms", pair[1], pair[0]));
        }
    }
    let base = retry.base_ms.map(float)?;
    // Full jitter halves the mean.
    let first = means.first()?;
    (*first < base * 0.25).then(|| format!("the first wait is {first:.0} ms on average; {base:.0} ms are claimed"))
}

/// Whether more calls may say something else: where waits do not differ, they do not.
fn is_in_doubt(waits: &[Vec<f64>]) -> bool {
    (0..2).any(|place| super::variation(&super::column(waits, place)).is_some_and(|variation| variation > 0.1))
}

fn float(time: u64) -> f64 {
    f64::from(u32::try_from(time).unwrap_or(u32::MAX))
}
