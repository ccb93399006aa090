//! What cannot succeed, or must not happen twice, is not tried again.

use super::super::rig::Way;
use super::super::{OPENS, Site};
use crate::doctor::Check;
use crate::doctor::fault::Mode;
use crate::doctor::found::{Found, Looking, Verdict, looking};
use crate::doctor::record::Outcome;

/// How a call fails that must not be repeated, although it may have had its effect.
const FAILURES: [(Mode, &str); 3] =
    [(Mode::Status(503), "503"), (Mode::Reset, "a reset"), (Mode::HangHeaders, "no answer in time")];

/// The check.
pub const CHECK: Check = Check {
    id: "ipc.retry.never",
    claim: "an error of the caller is not tried again, nor is what must not happen twice",
    method: "The dependency answers 400: one attempt. Then 503, a reset and (where a `timeout` is claimed) no answer to `unsafe_entry`, where there is one: one attempt each. Fails where there is more than one.",
    opens: OPENS,
    harm: "",
    deadline_ms: 60_000,
};

/// Looks.
pub fn look(site: Site) -> Looking {
    looking(async move { run(site).await })
}

async fn run(site: Site) -> Verdict {
    let retry = site.retry()?;
    if site.ipc.upstream.forward.is_some() {
        return Found::skip("only HTTP has an answer that means `your mistake`").early();
    }
    let mut rig = site.rig().await?;
    rig.fail(Mode::Status(400)).await?;
    let refused = rig.call(Way::Entry).await?.hits;
    let mut calls = 1;
    let (mut repeated, mut least, mut after) = (0, usize::MAX, "");
    if retry.unsafe_entry.is_some() {
        // Without a deadline a call that is not answered would never end.
        let failures = FAILURES.iter().filter(|(mode, _)| *mode != Mode::HangHeaders || site.ipc.timeout.is_some());
        for (mode, name) in failures {
            let mut rig = site.rig().await?;
            rig.fail(*mode).await?;
            let hits = rig.call(Way::Unsafe).await?.hits;
            site.log.note("unsafe_entry", format!("after {name}: asked {hits} times"));
            if hits > repeated {
                (repeated, after) = (hits, name);
            }
            least = least.min(hits);
            calls += 1;
        }
    }
    let found = if refused > 1 {
        Found::fail(calls, format!("the dependency said 400, and was asked {refused} times"))
            .remedy("try again only what may succeed: connection errors, 429, 502, 503, 504", &[])
    } else if repeated > 1 {
        Found::fail(calls, format!("a call that must not be repeated was made {repeated} times after {after}"))
            .remedy("repeat only what is idempotent (RFC 9110, section 9.2.2), or send an idempotency key", &[])
    } else if refused == 0 || (retry.unsafe_entry.is_some() && least == 0) {
        Found::error("the dependency was not asked at all")
    } else {
        Found::pass(calls)
    };
    let found = if retry.unsafe_entry.is_none() {
        found.evidence("unsafe_entry", "none is named, so only 400 was tried")
    } else {
        found.observed("hits_unsafe", repeated as u64)
    };
    Ok(found
        .control("calls reach the dependency", Outcome::Pass)
        .observed("hits_400", refused as u64)
        .expected("hits_400", 1))
}
