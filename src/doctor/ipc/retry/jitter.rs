//! Waits differ, so that callers do not come back all at once.

use super::super::{OPENS, Site};
use super::{TRIALS, column, variation};
use crate::doctor::Check;
use crate::doctor::found::{Found, Looking, Verdict, looking};
use crate::doctor::record::Outcome;

/// The least coefficient of variation that is no accident.
const LEAST: f64 = 0.05;

/// The check.
pub const CHECK: Check = Check {
    id: "ipc.retry.jitter",
    claim: "the waits before further attempts differ from call to call",
    method: "Compares the waits of 5 calls. Warns where no wait varies by more than 5 % of its mean (coefficient of variation).",
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
    if !retry.jitter {
        return Found::skip("`jitter = false`: none is claimed").early();
    }
    let waits = site.waits(&retry, TRIALS).await?;
    // Waits of a few milliseconds vary by the machine alone.
    let places = (0..).map(|place| column(&waits, place)).take_while(|waits| !waits.is_empty());
    let long = places.filter(|waits| super::mean(waits).is_some_and(|mean| mean >= 10.0));
    let variations: Vec<f64> = long.filter_map(|waits| variation(&waits)).collect();
    let most = variations.iter().copied().fold(0.0, f64::max);
    let found = if most > LEAST {
        Found::pass(waits.len() as u64)
    } else {
        Found::warn(waits.len() as u64, format!("the waits vary by {:.1} % of their mean", most * 100.0))
            .remedy("add jitter, or callers that failed together come back together", &[])
    };
    Ok(found
        .control("calls reach the dependency", Outcome::Pass)
        .observed("variation", (most * 1000.0).round() / 1000.0)
        .expected("variation_least", LEAST))
}
