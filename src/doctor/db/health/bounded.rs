//! A question about health is answered even when the database hangs.

use std::time::{Duration, Instant};

use super::super::{HARM, SERVED, Site};
use super::harm::{inflict, undo};
use crate::doctor::Check;
use crate::doctor::found::{Found, Looking, Verdict, looking};
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
pub fn look(site: Site) -> Looking {
    looking(async move { run(site).await })
}

async fn run(site: Site) -> Verdict {
    let health = site.health()?;
    let life = site.life().await?;
    let page = life.page(&site, &health.url).await?;
    let within = Duration::from_millis(health.answer_within_ms);
    page.get(within).await.map_err(|failed| {
        Box::new(Found::error(format!("there is no answer in time even while all is well: {failed}")))
    })?;
    let Some(harm) = inflict("blackhole", &site, &life, within).await? else {
        return Found::skip("the database cannot hang here").early();
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
        Found::fail(3, format!("while the database hangs: {why}"))
    } else if slowest > health.answer_within_ms {
        Found::fail(3, format!("while the database hangs an answer takes {slowest} ms"))
    } else {
        Found::pass(3)
    };
    let found = if found.outcome == Outcome::Fail {
        found.remedy("bound how long the database may take to answer, below `answer_within`", &[])
    } else {
        found
    };
    Ok(found
        .control("there is an answer while all is well", Outcome::Pass)
        .observed("slowest_ms", slowest)
        .expected("answer_within_ms", health.answer_within_ms))
}
