//! Check: waits do not grow above `cap`.

use super::super::{IpcTarget, OPENS};
use super::{TRIALS, shown};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::record::Outcome;

/// Tolerance for the machine in milliseconds, in addition to a fifth of `cap`.
const SLACK: f64 = 50.0;

pub const CHECK: Check = Check {
    id: "ipc.retry.cap",
    claim: "no wait before a retry is longer than `cap`",
    method: "Measures the waits of 5 calls. Fails if one exceeds `cap` by more than a fifth plus 50 ms. Inconclusive if the timing noise of the machine can explain the difference.",
    side_effects: OPENS,
    risk: "",
    deadline_ms: 300_000,
};

pub fn run(target: IpcTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

async fn check(target: IpcTarget) -> CheckVerdict {
    let retry = target.retry()?;
    let Some(cap) = retry.cap_ms else { return CheckResult::skip("`cap` is not configured").stop() };
    let waits = target.waits(&retry, TRIALS).await?;
    let all: Vec<f64> = waits.iter().flatten().copied().collect();
    let longest = all.iter().copied().fold(0.0, f64::max);
    let most = f64::from(u32::try_from(cap).unwrap_or(u32::MAX)) * 1.2 + SLACK;
    let noise = target.noise().into_iter().fold(0.0, f64::max);
    let found = if longest > most && longest - noise * 2.0 <= most {
        let why =
            format!("inconclusive: a wait was {longest:.0} ms, but this machine added up to {noise:.0} ms to waits");
        CheckResult::error(why).help("run the check again when the machine is less busy", &[])
    } else if longest > most {
        CheckResult::fail(all.len() as u64, format!("a wait was {longest:.0} ms, expected at most {cap} ms"))
            .help("limit the wait, or correct `cap`", &[])
    } else {
        CheckResult::pass(all.len() as u64)
    };
    Ok(found
        .control("calls reach the upstream", Outcome::Pass)
        .observed("longest_ms", longest.round())
        .observed("waits_ms", shown(&waits[0]))
        .expected("cap_ms", cap))
}
