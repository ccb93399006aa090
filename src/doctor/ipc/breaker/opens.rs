//! Failures open the breaker.

use super::super::{OPENS, Site};
use crate::doctor::Check;
use crate::doctor::found::{Found, Looking, Verdict, looking};
use crate::doctor::record::Outcome;

/// The check.
pub const CHECK: Check = Check {
    id: "ipc.breaker.opens",
    claim: "after so many failing calls no call reaches the dependency",
    method: "The dependency answers 500 to all. Calls until a call does not reach it. Fails where that takes more than `max_trip_calls`.",
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
    let mut rig = site.rig().await?;
    let tripped = site.trip(&mut rig, breaker).await?;
    Ok(Found::pass(tripped.calls + 1)
        .control("calls reach the dependency", Outcome::Pass)
        .observed("trip_calls", tripped.calls)
        .expected("max_trip_calls", breaker.max_trip_calls))
}
