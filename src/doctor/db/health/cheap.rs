//! Questions about health do not eat connections.

use std::time::Duration;

use super::super::{DbTarget, HARM, SERVED};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::record::Outcome;

/// How often it is asked.
const POLLS: u64 = 50;
/// How many connections more are no growth: one that is kept for such questions.
const SPARE: usize = 1;

/// The check.
pub const CHECK: Check = Check {
    id: "db.health.cheap",
    claim: "asking for health does not use up connections of the database",
    method: "Asks 50 times for health, and counts the connections of the service before and after. Warns where there are more than one more.",
    opens: SERVED,
    harm: HARM,
    deadline_ms: 60_000,
};

/// Looks.
pub fn run(target: DbTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

async fn check(target: DbTarget) -> CheckVerdict {
    let health = target.health()?;
    let life = target.life().await?;
    let page = life.page(&target, &health.url).await?;
    let ask = || page.get(Duration::from_millis(health.answer_within_ms));
    let _ = ask().await;
    let before = life.base.backends().await?.len();
    let mut answers = 0;
    for _ in 0..POLLS {
        answers += u64::from(ask().await.is_ok_and(|answer| answer.status < 400));
    }
    if answers == 0 {
        return CheckResult::error("not one question about health was answered well while all is well").stop();
    }
    let after = life.base.backends().await?.len();
    let found = if after > before + SPARE {
        CheckResult::warn(POLLS, format!("{before} connections before {POLLS} questions, {after} after"))
            .help("ask over a connection of the pool, and give it back", &[])
    } else {
        CheckResult::pass(POLLS)
    };
    Ok(found
        .observed("answers", answers)
        .control("the service works before", Outcome::Pass)
        .observed("connections_before", before as u64)
        .observed("connections_after", after as u64))
}
