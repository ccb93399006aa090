//! A question about health is answered even when the database hangs.

use std::time::{Duration, Instant};

use super::super::{DbTarget, HARM, SERVED};
use super::harm::{inflict, undo};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::log::millis;
use crate::doctor::record::Outcome;

/// The check.
pub const CHECK: Check = Check {
    id: "db.health.bounded",
    claim: "the service answers the question about its health in time even when its database hangs",
    method: "Lets the database hang by a proxy that keeps connections open and answers nothing, and asks three times. Fails where an answer takes longer than `answer_within`; what it says is the matter of `db.health.truth`.",
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
    let within = Duration::from_millis(health.answer_within_ms);
    page.get(within).await.map_err(|failed| {
        Box::new(CheckResult::error(format!("there is no answer in time even while all is well: {failed}")))
    })?;
    let Some(harm) = inflict("blackhole", &target, &life, within).await? else {
        return CheckResult::skip("the database cannot hang here").stop();
    };
    let mut slowest = 0;
    let mut late = None;
    for _ in 0..3 {
        let start = Instant::now();
        // A little longer than allowed, to tell late from never.
        if let Err(failed) = page.get(within + within / 2).await {
            late = Some(failed.to_string());
        }
        slowest = slowest.max(millis(start.elapsed()));
    }
    undo(harm, &life).await?;
    let found = if let Some(why) = late {
        CheckResult::fail(3, format!("while the database hangs: {why}"))
    } else if slowest > health.answer_within_ms {
        CheckResult::fail(3, format!("while the database hangs an answer takes {slowest} ms"))
    } else {
        CheckResult::pass(3)
    };
    let found = if found.outcome == Outcome::Fail {
        found.help("bound how long the database may take to answer, below `answer_within`", &[])
    } else {
        found
    };
    Ok(found
        .control("there is an answer while all is well", Outcome::Pass)
        .observed("slowest_ms", slowest)
        .expected("answer_within_ms", health.answer_within_ms))
}
