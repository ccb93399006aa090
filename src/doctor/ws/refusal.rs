//! Whether those beyond the limit are refused in a way that a client can understand.

use super::WsTarget;
use super::connection_set::classes;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
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
pub fn run(target: WsTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: WsTarget) -> CheckVerdict {
    let (limit, over) = target.limit()?;
    if target.refusals.borrow().is_empty() {
        let route = target.ready((limit + over) as u64).await?;
        let refused = target.trial(&route, (limit, over), &mut None).await?.refused;
        target.refusals.borrow_mut().extend(refused);
    }
    let refusals = target.refusals.borrow();
    if refusals.is_empty() {
        return CheckResult::skip("nothing was refused").stop();
    }
    let slowest = refusals.iter().map(|refused| millis(refused.after)).max().unwrap_or_default();
    let rude: Vec<_> = refusals.iter().filter(|refused| !target.ws.accept.contains(&refused.class)).cloned().collect();
    let late: Vec<_> = refusals.iter().filter(|refused| millis(refused.after) > PROMPT).cloned().collect();
    let seen = refusals.len() as u64;
    let found = if !rude.is_empty() {
        CheckResult::fail(seen, format!("not a graceful refusal: {}", classes(&rude)))
            .help("answer the upgrade with 503 or 429, or accept it and close it with 1013", &[])
    } else if late.is_empty() {
        CheckResult::pass(seen)
    } else {
        CheckResult::fail(seen, format!("refusals took up to {slowest} ms: {}", classes(&late)))
            .help("refuse at once instead of queueing", &[])
    };
    let retry_after = refusals.iter().find_map(|refused| refused.retry_after.clone());
    Ok(found
        .observed("classes", classes(&refusals))
        .observed("slowest_ms", slowest)
        .observed("retry_after", retry_after)
        .expected("classes", target.ws.accept.join(", "))
        .control("a first connection", Outcome::Pass))
}
