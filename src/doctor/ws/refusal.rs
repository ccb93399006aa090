//! Check `ws.refusal.graceful`: connections beyond the limit are refused in a way that clients can handle.

use super::WsTarget;
use super::connection_set::classes;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::log::millis;
use crate::doctor::record::Outcome;

/// Longest time of a graceful refusal, in milliseconds.
const MAX_TIME: u64 = 1_000;

pub const CHECK: Check = Check {
    id: "ws.refusal.graceful",
    claim: "connections beyond the limit are refused gracefully",
    method: "Inspects the refusals of ws.limit.exact, or those of one trial of its own. Passes if each is listed in \
             `accept` (by default http-503, http-429, close-1013, close-1008) and arrived within 1 s; fails otherwise. \
             Skipped if no connection was refused.",
    side_effects: "limit + overshoot connections, unless ws.limit.exact has recorded refusals",
    risk: "",
    deadline_ms: 60_000,
};

pub fn run(target: WsTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: WsTarget) -> CheckVerdict {
    let (limit, over) = target.limit()?;
    if target.refusals.borrow().is_empty() {
        let route = target.prepare((limit + over) as u64).await?;
        let refused = target.trial(&route, (limit, over), &mut None).await?.refused;
        target.refusals.borrow_mut().extend(refused);
    }
    let refusals = target.refusals.borrow();
    if refusals.is_empty() {
        return CheckResult::skip("no connection was refused").stop();
    }
    let slowest = refusals.iter().map(|refused| millis(refused.after)).max().unwrap_or_default();
    let not_graceful: Vec<_> =
        refusals.iter().filter(|refused| !target.ws.accept.contains(&refused.class)).cloned().collect();
    let slow: Vec<_> = refusals.iter().filter(|refused| millis(refused.after) > MAX_TIME).cloned().collect();
    let seen = refusals.len() as u64;
    let result = if !not_graceful.is_empty() {
        CheckResult::fail(seen, format!("refusals that are not graceful: {}", classes(&not_graceful)))
            .help("answer the upgrade with 503 or 429, or accept it and close with 1013", &[])
    } else if slow.is_empty() {
        CheckResult::pass(seen)
    } else {
        CheckResult::fail(seen, format!("refusals took up to {slowest} ms: {}", classes(&slow)))
            .help("refuse at once instead of queueing", &[])
    };
    let retry_after = refusals.iter().find_map(|refused| refused.retry_after.clone());
    Ok(result
        .observed("classes", classes(&refusals))
        .observed("slowest_ms", slowest)
        .observed("retry_after", retry_after)
        .expected("classes", target.ws.accept.join(", "))
        .control("first connection", Outcome::Pass))
}
