//! A call is tried as often as is claimed, and not more often.

use super::super::rig::Way;
use super::super::{OPENS, Site};
use crate::doctor::Check;
use crate::doctor::fault::Mode;
use crate::doctor::found::{Found, Looking, Verdict, looking};
use crate::doctor::record::Outcome;

/// The check.
pub const CHECK: Check = Check {
    id: "ipc.retry.count",
    claim: "a call that fails is tried again, and no more often than is claimed",
    method: "The dependency answers 503, to all, then only to the first. Fails where a call is tried more than `max_attempts` times or never again, or where one failure is passed on to the caller.",
    opens: OPENS,
    harm: "",
    deadline_ms: 120_000,
};

/// Looks.
pub fn look(site: Site) -> Looking {
    looking(async move { run(site).await })
}

async fn run(site: Site) -> Verdict {
    let retry = site.retry()?;
    let (mut most, mut least) = (0, usize::MAX);
    for _ in 0..site.trials() {
        let mut rig = site.rig().await?;
        rig.fail(Mode::Status(503)).await?;
        let hits = rig.call(Way::Entry).await?.hits;
        (most, least) = (most.max(hits), least.min(hits));
    }
    let mut rig = site.rig().await?;
    rig.fail(Mode::FailFirst(1)).await?;
    let once = rig.call(Way::Entry).await?;
    let claimed = usize::try_from(retry.max_attempts).unwrap_or(usize::MAX);
    let trials = site.trials() + 1;
    let found = if most > claimed {
        Found::fail(trials, format!("one call made {most} of the dependency; {claimed} are claimed"))
            .remedy("bound the attempts, in all layers together: a client, a proxy and a library multiply", &[])
    } else if least < claimed && least <= 1 && claimed > 1 {
        Found::fail(trials, "a call that failed was not tried again").remedy("try again, or do not claim it", &[])
    } else if claimed > 1 && !once.is_ok {
        Found::fail(trials, "a call failed although the dependency was well the second time")
            .remedy("an attempt that succeeds is a success", &[])
    } else {
        Found::pass(trials)
    };
    Ok(found
        .control("calls reach the dependency", Outcome::Pass)
        .observed("attempts_least", least as u64)
        .observed("attempts_most", most as u64)
        .expected("attempts_most", retry.max_attempts))
}
