//! Waits do not grow for ever.

use super::super::{IpcTarget, OPENS};
use super::{TRIALS, shown};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::record::Outcome;

/// What a wait may be above its cap: a fifth and, for the machine, so many milliseconds.
const SLACK: f64 = 50.0;

/// The check.
pub const CHECK: Check = Check {
    id: "ipc.retry.cap",
    claim: "no wait before a further attempt is longer than its cap",
    method: "Looks at all waits of 5 calls. Fails where one is longer than `cap`, by more than a fifth and 50 ms. No verdict where the machine, meanwhile, was late by as much itself.",
    opens: OPENS,
    harm: "",
    deadline_ms: 300_000,
};

/// Looks.
pub fn run(target: IpcTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

async fn check(target: IpcTarget) -> CheckVerdict {
    let retry = target.retry()?;
    let Some(cap) = retry.cap_ms else { return CheckResult::skip("no `cap` is claimed").stop() };
    let waits = target.waits(&retry, TRIALS).await?;
    let all: Vec<f64> = waits.iter().flatten().copied().collect();
    let longest = all.iter().copied().fold(0.0, f64::max);
    let most = f64::from(u32::try_from(cap).unwrap_or(u32::MAX)) * 1.2 + SLACK;
    let late = target.noise().into_iter().fold(0.0, f64::max);
    let found = if longest > most && longest - late * 2.0 <= most {
        let why = format!("inconclusive: a wait was {longest:.0} ms while this machine was late by up to {late:.0} ms");
        CheckResult::error(why).help("run it again when the machine is less busy", &[])
    } else if longest > most {
        CheckResult::fail(all.len() as u64, format!("a wait was {longest:.0} ms; at most {cap} ms are claimed"))
            .help("bound the wait, or correct `cap`", &[])
    } else {
        CheckResult::pass(all.len() as u64)
    };
    Ok(found
        .control("calls reach the dependency", Outcome::Pass)
        .observed("longest_ms", longest.round())
        .observed("waits_ms", shown(&waits[0]))
        .expected("cap_ms", cap))
}
