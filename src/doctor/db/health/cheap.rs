//! Check: health requests do not use up connections.

use std::time::Duration;

use super::super::{DbTarget, HARM, SERVED};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::record::Outcome;

/// Number of health requests.
const POLLS: u64 = 50;
/// Number of additional connections that are allowed: one may be kept for health requests.
const SPARE: usize = 1;

pub const CHECK: Check = Check {
    id: "db.health.cheap",
    claim: "health requests do not use up connections of the database",
    method: "Sends 50 health requests, and counts the connections of the service before and after them. Warns if there are at least two more.",
    side_effects: SERVED,
    risk: HARM,
    deadline_ms: 60_000,
};

pub fn run(target: DbTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

async fn check(target: DbTarget) -> CheckVerdict {
    let health = target.health()?;
    let life = target.life().await?;
    let page = life.page(&target, &health.url).await?;
    let request = || page.get(Duration::from_millis(health.answer_within_ms));
    let _ = request().await;
    let before = life.base.backends().await?.len();
    let mut answers = 0;
    for _ in 0..POLLS {
        answers += u64::from(request().await.is_ok_and(|answer| answer.status < 400));
    }
    if answers == 0 {
        return CheckResult::error("no health request succeeded although the database is available").stop();
    }
    let after = life.base.backends().await?.len();
    let found = if after > before + SPARE {
        CheckResult::warn(POLLS, format!("{before} connections before {POLLS} health requests, {after} after"))
            .help("use a pooled connection for health requests, and return it to the pool", &[])
    } else {
        CheckResult::pass(POLLS)
    };
    Ok(found
        .observed("answers", answers)
        .control("the service works", Outcome::Pass)
        .observed("connections_before", before as u64)
        .observed("connections_after", after as u64))
}
