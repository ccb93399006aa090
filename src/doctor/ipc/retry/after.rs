//! Check: retries honor `Retry-After`.

use super::super::{IpcTarget, OPENS};
use super::attempts;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::fault::FaultMode;
use crate::doctor::record::Outcome;

/// Value of `Retry-After`, in seconds.
const SECONDS: u64 = 2;

pub const CHECK: Check = Check {
    id: "ipc.retry.after",
    claim: "retries honor `Retry-After`",
    method: "The upstream answers 503 with `Retry-After: 2` (RFC 9110, section 10.2.3). Warns if it is called again before 90 % of that time.",
    side_effects: OPENS,
    risk: "",
    deadline_ms: 60_000,
};

pub fn run(target: IpcTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

async fn check(target: IpcTarget) -> CheckVerdict {
    let retry = target.retry()?;
    if target.ipc.upstream.forward.is_some() {
        return CheckResult::skip("`upstream.forward` is configured, but `Retry-After` requires HTTP").stop();
    }
    if retry.max_attempts < 2 {
        return CheckResult::skip("`max_attempts` is 1: calls are not retried").stop();
    }
    let mut harness = target.harness().await?;
    harness.fail(FaultMode::RetryAfter(SECONDS)).await?;
    let waits = attempts(&mut harness).await?;
    let Some(first) = waits.first().copied() else {
        // Giving up is allowed: there is no early retry.
        return Ok(CheckResult::pass(1)
            .control("calls reach the upstream", Outcome::Pass)
            .detail("a call is not retried if the upstream sends `Retry-After`"));
    };
    let least = f64::from(u32::try_from(SECONDS).unwrap_or(u32::MAX)) * 900.0;
    let found = if first < least {
        CheckResult::warn(1, format!("expected a retry after {SECONDS} s, found one after {first:.0} ms"))
            .help("honor `Retry-After`, or do not retry", &[])
    } else {
        CheckResult::pass(1)
    };
    Ok(found
        .control("calls reach the upstream", Outcome::Pass)
        .observed("wait_ms", first.round())
        .expected("wait_least_ms", least))
}
