//! Check: a service reports its actual health.

use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use tokio::time::sleep;

use super::super::service::RunningService;
use super::super::{DbTarget, HARM, SERVED};
use super::harm::{inflict, undo};
use super::{Claim, claim, works};
use crate::config::doctor::HealthSettings;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::http::Page;
use crate::doctor::log::millis;
use crate::doctor::record::Outcome;

/// Interval between health requests.
const EVERY: Duration = Duration::from_millis(100);
/// Time for which a report must be correct before it counts.
const STEADY: Duration = Duration::from_secs(1);

pub const CHECK: Check = Check {
    id: "db.health.truth",
    claim: "the service reports healthy if it works, and unhealthy if it does not",
    method: "Puts the database into each state of `health.states`: it refuses connections, hangs, rejects logins, is read-only, responds slowly, keeps all connections of the service waiting, or has no tables. Requests the health every 100 ms, and verifies with `call` (or else with its own connection) whether the service works. Fails if the two differ for longer than `max_lag` in one of these states or after it, or if there is no answer within `answer_within`.",
    side_effects: SERVED,
    risk: HARM,
    deadline_ms: 300_000,
};

pub fn run(target: DbTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

/// Health report in one state of the database.
struct ReportedHealth {
    expected: Claim,
    last: Claim,
    lag: Option<u64>,
}

async fn check(target: DbTarget) -> CheckVerdict {
    let health = target.health()?;
    if health.liveness {
        return CheckResult::skip("`liveness = true`: the health report does not cover the database").stop();
    }
    let mut life = target.life().await?;
    let (mut matrix, mut wrong, mut seen) = (Map::new(), Vec::new(), 0_u64);
    for state in &health.states {
        let page = life.page(&target, &health.url).await?;
        let Some(harm) = inflict(state, &target, &life, Duration::from_millis(health.answer_within_ms)).await? else {
            target.log.record(state, "not supported by this database");
            continue;
        };
        let expected = if works_soon(&target, &life, &health).await? { Claim::Healthy } else { Claim::Unhealthy };
        if state != "up" && expected == Claim::Healthy {
            target.log.record(state, "the service still works, so that it may report healthy");
        }
        let mut during = observe(&page, &health, expected).await;
        if during.lag.is_none() && during.last == Claim::Healthy && works(&target, &life, &health).await? {
            target.log.record(state, "the service recovered during the fault, so that it may report healthy");
            (during.expected, during.lag) = (Claim::Healthy, Some(health.max_lag_ms));
        }
        undo(harm, &life).await?;
        let is_back = wait_for_recovery(&target, &life, &health).await?;
        let after = if is_back { Some(observe(&page, &health, Claim::Healthy).await) } else { None };
        seen += 2;
        let mut add_if_wrong = |report: &ReportedHealth, when: &str| {
            if report.lag.is_none() {
                let (expected, found) = (report.expected.name(), report.last.name());
                wrong.push(format!("{when} state `{state}`: expected `{expected}`, found `{found}`"));
            }
        };
        add_if_wrong(&during, "in");
        if let Some(report) = &after {
            add_if_wrong(report, "after");
        }
        target.log.record(state, describe(&during));
        matrix.insert(state.clone(), entry(&during, after.as_ref()));
        if !is_back {
            target.log.record(state, "the service did not recover and was restarted");
            life = target.life().await?;
        }
    }
    let found = if wrong.is_empty() {
        CheckResult::pass(seen)
    } else {
        CheckResult::fail(seen, wrong.join("; ")).help(
            "query the database with a timeout, in the same way as the service uses it, and report the result",
            &[],
        )
    };
    Ok(found
        .control("the service works before the fault", Outcome::Pass)
        .observed("states", matrix)
        .expected("max_lag_ms", health.max_lag_ms))
}

/// Returns a line of evidence.
fn describe(report: &ReportedHealth) -> String {
    let (expected, last) = (report.expected.name(), report.last.name());
    match report.lag {
        Some(lag) => format!("`{expected}` was reported after {lag} ms"),
        None => format!("expected `{expected}`, found `{last}`"),
    }
}

/// Returns whether the service works, possibly after it has tried each broken connection.
async fn works_soon(
    target: &DbTarget,
    life: &RunningService,
    health: &HealthSettings,
) -> Result<bool, Box<CheckResult>> {
    let (start, longest) = (Instant::now(), Duration::from_millis(health.answer_within_ms) * 2);
    for _ in 0..=target.db.pool_size + 1 {
        if works(target, life, health).await? {
            return Ok(true);
        }
        if start.elapsed() >= longest {
            break;
        }
    }
    Ok(false)
}

fn entry(during: &ReportedHealth, after: Option<&ReportedHealth>) -> Value {
    json!({
        "expected": during.expected.name(),
        "claimed": during.last.name(),
        "lag_ms": during.lag,
        "recovery_ms": after.and_then(|report| report.lag),
    })
}

/// Requests the health until the report has been correct for 1 s, or wrong for too long.
async fn observe(page: &Page, health: &HealthSettings, expected: Claim) -> ReportedHealth {
    let (start, mut right) = (Instant::now(), None::<Instant>);
    let longest = Duration::from_millis(health.max_lag_ms);
    loop {
        let requested = Instant::now();
        let last = claim(page, health).await;
        if last == expected {
            let since = *right.get_or_insert(requested);
            if since.elapsed() >= STEADY {
                return ReportedHealth { expected, last, lag: Some(millis(since.duration_since(start))) };
            }
        } else {
            right = None;
            // A missing answer is wrong, however often it is requested.
            if start.elapsed() > longest || (last == Claim::Silent && start.elapsed() > longest.min(STEADY * 3)) {
                return ReportedHealth { expected, last, lag: None };
            }
        }
        sleep(EVERY).await;
    }
}

/// Waits until the service works again, up to `reconnect_deadline`. Returns whether it does.
async fn wait_for_recovery(
    target: &DbTarget,
    life: &RunningService,
    health: &HealthSettings,
) -> Result<bool, Box<CheckResult>> {
    let end = Instant::now() + Duration::from_millis(target.db.reconnect_deadline_ms);
    while !works(target, life, health).await? {
        if Instant::now() >= end {
            return Ok(false);
        }
        sleep(EVERY).await;
    }
    Ok(true)
}
