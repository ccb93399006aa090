//! The breaker of one dependency is not that of another one.

use super::super::rig::Way;
use super::super::{OPENS, Site};
use crate::doctor::Check;
use crate::doctor::found::{Found, Looking, Verdict, looking};
use crate::doctor::record::Outcome;

/// How many calls.
const CALLS: u64 = 5;

/// The check.
pub const CHECK: Check = Check {
    id: "ipc.breaker.isolated",
    claim: "while the breaker of one dependency is open, calls of another one get through",
    method: "Opens the breaker, then calls `other`, whose dependency is well. Fails where such a call does not get through.",
    opens: OPENS,
    harm: "",
    deadline_ms: 60_000,
};

/// Looks.
pub fn look(site: Site) -> Looking {
    looking(async move { run(site).await })
}

async fn run(site: Site) -> Verdict {
    let breaker = site.breaker()?;
    if site.ipc.other.is_none() {
        return Found::skip("there is one dependency: no `other` is named").early();
    }
    let mut rig = site.rig().await?;
    let before = rig.call(Way::Other).await?;
    if !before.is_ok || before.hits == 0 {
        return Found::error("`other` does not reach its own dependency, `{other}`, while all is well").early();
    }
    site.tripped(&mut rig, breaker).await?;
    let (mut through, mut last) = (0, String::new());
    for _ in 0..CALLS {
        let called = rig.call(Way::Other).await?;
        if called.is_ok && called.hits > 0 {
            through += 1;
        } else {
            last = super::super::rig::shortened(&called.text);
        }
    }
    let still_open = rig.call(Way::Entry).await?.hits == 0;
    let found = if through < CALLS {
        Found::fail(
            CALLS,
            format!("{} of {CALLS} calls of the other dependency were turned away: {last}", CALLS - through),
        )
        .remedy("give each dependency a breaker of its own", &[])
    } else if still_open {
        Found::pass(CALLS)
    } else {
        Found::error("the breaker was no longer open when the other dependency had been called")
    };
    Ok(found
        .control("the other dependency is reached before", Outcome::Pass)
        .observed("through", through)
        .expected("through", CALLS))
}
