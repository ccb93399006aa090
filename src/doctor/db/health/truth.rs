//! A service says of its health what is so.

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

/// How often it is asked.
const EVERY: Duration = Duration::from_millis(100);
/// How long what it says must be right until it counts.
const STEADY: Duration = Duration::from_secs(1);

/// The check.
pub const CHECK: Check = Check {
    id: "db.health.truth",
    claim: "the service says that it is healthy when it works, and that it is not when it does not",
    method: "Does to the database what `health.states` names: refuses connections, hangs, lets nobody in, takes no writes, answers late, keeps all connections of the service waiting, misses its tables. Asks every 100 ms how the service is, and by `call` (or else by a connection of its own) whether it works. Fails where the two differ for longer than `max_lag`, before, meanwhile or after, or where there is no answer within `answer_within`.",
    opens: SERVED,
    harm: HARM,
    deadline_ms: 300_000,
};

/// Looks.
pub fn run(target: DbTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

/// What was claimed under one state.
struct ReportedHealth {
    expected: Claim,
    last: Claim,
    lag: Option<u64>,
}

async fn check(target: DbTarget) -> CheckVerdict {
    let health = target.health()?;
    if health.liveness {
        return CheckResult::skip("`liveness = true`: it says nothing of the database").stop();
    }
    let mut life = target.life().await?;
    let (mut matrix, mut wrong, mut seen) = (Map::new(), Vec::new(), 0_u64);
    for state in &health.states {
        let page = life.page(&target, &health.url).await?;
        let Some(harm) = inflict(state, &target, &life, Duration::from_millis(health.answer_within_ms)).await? else {
            target.log.note(state, "cannot be done here");
            continue;
        };
        let expected = if soon(&target, &life, &health).await? { Claim::Healthy } else { Claim::Unhealthy };
        if state != "up" && expected == Claim::Healthy {
            target.log.note(state, "the service works all the same, so it may say so");
        }
        let mut during = watched(&page, &health, expected).await;
        if during.lag.is_none() && during.last == Claim::Healthy && works(&target, &life, &health).await? {
            target.log.note(state, "the service has come to work all the same, so it may say so");
            (during.expected, during.lag) = (Claim::Healthy, Some(health.max_lag_ms));
        }
        undo(harm, &life).await?;
        let is_back = back(&target, &life, &health).await?;
        let after = if is_back { Some(watched(&page, &health, Claim::Healthy).await) } else { None };
        seen += 2;
        let mut say = |told: &ReportedHealth, when: &str| {
            if told.lag.is_none() {
                let (is, said) = (told.expected.name(), told.last.name());
                wrong.push(format!("{state}: {when} the service was {is}, and it said: {said}"));
            }
        };
        say(&during, "meanwhile");
        if let Some(told) = &after {
            say(told, "afterwards");
        }
        target.log.note(state, said(&during));
        matrix.insert(state.clone(), entry(&during, after.as_ref()));
        if !is_back {
            target.log.note(state, "the service did not come back, and was started anew");
            life = target.life().await?;
        }
    }
    let found = if wrong.is_empty() {
        CheckResult::pass(seen)
    } else {
        CheckResult::fail(seen, wrong.join("; "))
            .help("ask the database within a bounded time, the way the service uses it, and say what it answered", &[])
    };
    Ok(found
        .control("the service works before", Outcome::Pass)
        .observed("states", matrix)
        .expected("max_lag_ms", health.max_lag_ms))
}

/// A line of evidence.
fn said(told: &ReportedHealth) -> String {
    let (expected, last) = (told.expected.name(), told.last.name());
    match told.lag {
        Some(lag) => format!("`{expected}` is right, and is said after {lag} ms"),
        None => format!("`{expected}` would be right, and it says: {last}"),
    }
}

/// Whether the service works, or does once it has met each connection that is broken.
async fn soon(target: &DbTarget, life: &RunningService, health: &HealthSettings) -> Result<bool, Box<CheckResult>> {
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
        "recovery_ms": after.and_then(|told| told.lag),
    })
}

/// Asks until what is said has been right for a while, or was wrong for too long.
async fn watched(page: &Page, health: &HealthSettings, expected: Claim) -> ReportedHealth {
    let (start, mut right) = (Instant::now(), None::<Instant>);
    let longest = Duration::from_millis(health.max_lag_ms);
    loop {
        let asked = Instant::now();
        let last = claim(page, health).await;
        if last == expected {
            let since = *right.get_or_insert(asked);
            if since.elapsed() >= STEADY {
                return ReportedHealth { expected, last, lag: Some(millis(since.duration_since(start))) };
            }
        } else {
            right = None;
            // An answer that is late is wrong however often it is asked for.
            if start.elapsed() > longest || (last == Claim::Silent && start.elapsed() > longest.min(STEADY * 3)) {
                return ReportedHealth { expected, last, lag: None };
            }
        }
        sleep(EVERY).await;
    }
}

/// Waits until the service works again; whether it does.
async fn back(target: &DbTarget, life: &RunningService, health: &HealthSettings) -> Result<bool, Box<CheckResult>> {
    let end = Instant::now() + Duration::from_millis(target.db.reconnect_deadline_ms);
    while !works(target, life, health).await? {
        if Instant::now() >= end {
            return Ok(false);
        }
        sleep(EVERY).await;
    }
    Ok(true)
}
