//! A call is tried as often as is claimed, and not more often.

use super::super::harness::Endpoint;
use super::super::{IpcTarget, OPENS};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::fault::FaultMode;
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
pub fn run(target: IpcTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

async fn check(target: IpcTarget) -> CheckVerdict {
    let retry = target.retry()?;
    let (mut most, mut least) = (0, usize::MAX);
    for _ in 0..target.trials() {
        let mut harness = target.harness().await?;
        harness.fail(FaultMode::Status(503)).await?;
        let hits = harness.call(Endpoint::Primary).await?.hits;
        (most, least) = (most.max(hits), least.min(hits));
    }
    let mut harness = target.harness().await?;
    harness.fail(FaultMode::FailFirst(1)).await?;
    let once = harness.call(Endpoint::Primary).await?;
    let claimed = usize::try_from(retry.max_attempts).unwrap_or(usize::MAX);
    let trials = target.trials() + 1;
    let found = if most > claimed {
        CheckResult::fail(trials, format!("one call made {most} of the dependency; {claimed} are claimed"))
            .help("bound the attempts, in all layers together: a client, a proxy and a library multiply", &[])
    } else if least < claimed && least <= 1 && claimed > 1 {
        CheckResult::fail(trials, "a call that failed was not tried again").help("try again, or do not claim it", &[])
    } else if claimed > 1 && !once.is_ok {
        CheckResult::fail(trials, "a call failed although the dependency was well the second time")
            .help("an attempt that succeeds is a success", &[])
    } else {
        CheckResult::pass(trials)
    };
    Ok(found
        .control("calls reach the dependency", Outcome::Pass)
        .observed("attempts_least", least as u64)
        .observed("attempts_most", most as u64)
        .expected("attempts_most", retry.max_attempts))
}
