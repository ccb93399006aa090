//! A dependency that is well again is used again.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::super::rig::Way;
use super::super::{OPENS, Site};
use crate::doctor::Check;
use crate::doctor::fault::Mode;
use crate::doctor::found::{Found, Looking, Verdict, looking};
use crate::doctor::record::Outcome;

/// How many calls.
const CALLS: u64 = 10;
/// What a breaker may take beyond the time that it stays open.
const GRACE: Duration = Duration::from_secs(5);

/// The check.
pub const CHECK: Check = Check {
    id: "ipc.breaker.closes",
    claim: "once the dependency is well, all calls reach it again and end well",
    method: "Opens the breaker, lets the dependency be well, waits until a call ends well (`open_for` and 5 s at most), and calls ten times. Fails where one does not get through.",
    opens: OPENS,
    harm: "",
    deadline_ms: 120_000,
};

/// Looks.
pub fn look(site: Site) -> Looking {
    looking(async move { run(site).await })
}

async fn run(site: Site) -> Verdict {
    let (mut rig, breaker, tripped) = site.opened().await?;
    rig.fail(Mode::Ok).await?;
    let end = Instant::now() + Duration::from_millis(breaker.open_for_ms) + GRACE;
    while !rig.call(Way::Entry).await?.is_ok {
        if Instant::now() >= end {
            return Found::fail(1, "the dependency is well again, and no call ends well")
                .control("calls reach the dependency", Outcome::Pass)
                .remedy("a trial that succeeds must close the breaker", &[])
                .early();
        }
        sleep(super::POLL).await;
    }
    let back = crate::doctor::log::millis(tripped.at.elapsed());
    let (mut through, mut well) = (0, 0);
    for _ in 0..CALLS {
        let called = rig.call(Way::Entry).await?;
        through += u64::from(called.hits > 0);
        well += u64::from(called.is_ok);
    }
    let found = if through == CALLS && well == CALLS {
        Found::pass(CALLS)
    } else {
        let said = format!(
            "of {CALLS} calls behind the first good one {through} reached the dependency and {well} ended well"
        );
        Found::fail(CALLS, said).remedy("a trial that succeeds must close the breaker", &[])
    };
    Ok(found
        .control("calls reach the dependency", Outcome::Pass)
        .observed("through", through)
        .observed("well", well)
        .observed("back_after_ms", back)
        .expected("through", CALLS))
}
