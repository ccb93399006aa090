//! Check: health requests are answered even if the database hangs.

use std::time::{Duration, Instant};

use super::super::{DbTarget, HARM, SERVED};
use super::harm::{inflict, undo};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::log::millis;
use crate::doctor::record::Outcome;

pub const CHECK: Check = Check {
    id: "db.health.bounded",
    claim: "the service answers health requests within `answer_within` even if its database hangs",
    method: "Lets the database hang with a proxy that keeps connections open and never responds, and requests the health three times. Fails if an answer takes longer than `answer_within`. The content of the answer is verified by `db.health.truth`.",
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
    let within = Duration::from_millis(health.answer_within_ms);
    page.get(within).await.map_err(|failed| {
        Box::new(CheckResult::error(format!("no answer in time although the database is available: {failed}")))
    })?;
    let Some(harm) = inflict("blackhole", &target, &life, within).await? else {
        return CheckResult::skip("a hanging database cannot be simulated here").stop();
    };
    let mut slowest = 0;
    let mut failure = None;
    for _ in 0..3 {
        let start = Instant::now();
        // Waits longer than allowed, to distinguish a slow answer from none.
        if let Err(failed) = page.get(within + within / 2).await {
            failure = Some(failed.to_string());
        }
        slowest = slowest.max(millis(start.elapsed()));
    }
    undo(harm, &life).await?;
    let found = if let Some(why) = failure {
        CheckResult::fail(3, format!("while the database hangs: {why}"))
    } else if slowest > health.answer_within_ms {
        CheckResult::fail(3, format!("while the database hangs, an answer takes {slowest} ms"))
    } else {
        CheckResult::pass(3)
    };
    let found = if found.outcome == Outcome::Fail {
        found.help("set a timeout for the database below `answer_within`", &[])
    } else {
        found
    };
    Ok(found
        .control("health requests are answered before the fault", Outcome::Pass)
        .observed("slowest_ms", slowest)
        .expected("answer_within_ms", health.answer_within_ms))
}
