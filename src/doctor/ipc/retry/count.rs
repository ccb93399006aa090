//! Check: the number of attempts does not exceed `max_attempts`.

use super::super::harness::Endpoint;
use super::super::{IpcTarget, OPENS};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::fault::FaultMode;
use crate::doctor::record::Outcome;

pub const CHECK: Check = Check {
    id: "ipc.retry.count",
    claim: "a failed call is retried, with at most `max_attempts` attempts",
    method: "The upstream answers 503 to each attempt, then only to the first one. Fails if a call is attempted more than `max_attempts` times or is never retried, or if the caller receives an error although the second attempt succeeds.",
    side_effects: OPENS,
    risk: "",
    deadline_ms: 120_000,
};

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
        CheckResult::fail(trials, format!("one call made {most} upstream calls, expected at most {claimed}"))
            .help("limit the attempts of all layers together: those of a client, a proxy and a library multiply", &[])
    } else if least < claimed && least <= 1 && claimed > 1 {
        CheckResult::fail(trials, "a failed call was not retried")
            .help("retry failed calls, or set `max_attempts` to 1", &[])
    } else if claimed > 1 && !once.is_ok {
        CheckResult::fail(trials, "a call failed although the upstream fails only once")
            .help("report success if a retry succeeds", &[])
    } else {
        CheckResult::pass(trials)
    };
    Ok(found
        .control("calls reach the upstream", Outcome::Pass)
        .observed("attempts_least", least as u64)
        .observed("attempts_most", most as u64)
        .expected("attempts_most", retry.max_attempts))
}
