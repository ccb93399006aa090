//! Whether those beyond the limit are refused in a way that a client can understand.

use super::Site;
use super::crowd::classes;
use crate::doctor::Check;
use crate::doctor::found::{Found, Looking, Verdict, looking};
use crate::doctor::log::millis;
use crate::doctor::record::Outcome;

/// A refusal that takes longer is none that a client waits for, in milliseconds.
const PROMPT: u64 = 1_000;

/// The check.
pub const CHECK: Check = Check {
    id: "ws.refusal.graceful",
    claim: "those beyond the limit are refused gracefully",
    method: "The refusals that ws.limit.exact saw, or those of one trial of its own. Passes where each is one of `accept` (by default \
             http-503, http-429, close-1013, close-1008) and came within 1 s; fails where one did not; skipped where none was \
             refused.",
    opens: "limit + overshoot connections, where ws.limit.exact has not opened them",
    harm: "",
    deadline_ms: 60_000,
};

/// Looks.
pub fn look(site: Site) -> Looking {
    looking(check(site))
}

async fn check(site: Site) -> Verdict {
    let (limit, over) = site.limit()?;
    if site.refusals.borrow().is_empty() {
        let route = site.ready((limit + over) as u64).await?;
        let refused = site.trial(&route, (limit, over), &mut None).await?.refused;
        site.refusals.borrow_mut().extend(refused);
    }
    let refusals = site.refusals.borrow();
    if refusals.is_empty() {
        return Found::skip("nothing was refused").early();
    }
    let slowest = refusals.iter().map(|refused| millis(refused.after)).max().unwrap_or_default();
    let rude: Vec<_> = refusals.iter().filter(|refused| !site.ws.accept.contains(&refused.class)).cloned().collect();
    let late: Vec<_> = refusals.iter().filter(|refused| millis(refused.after) > PROMPT).cloned().collect();
    let seen = refusals.len() as u64;
    let found = if !rude.is_empty() {
        Found::fail(seen, format!("not a graceful refusal: {}", classes(&rude)))
            .remedy("answer the upgrade with 503 or 429, or accept it and close it with 1013", &[])
    } else if late.is_empty() {
        Found::pass(seen)
    } else {
        Found::fail(seen, format!("refusals took up to {slowest} ms: {}", classes(&late)))
            .remedy("refuse at once instead of queueing", &[])
    };
    let retry_after = refusals.iter().find_map(|refused| refused.retry_after.clone());
    Ok(found
        .observed("classes", classes(&refusals))
        .observed("slowest_ms", slowest)
        .observed("retry_after", retry_after)
        .expected("classes", site.ws.accept.join(", "))
        .control("a first connection", Outcome::Pass))
}
