//! Who is asked to come back later comes back later.

use super::super::{IpcTarget, OPENS};
use super::attempts;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::fault::FaultMode;
use crate::doctor::record::Outcome;

/// How long the dependency asks to be left alone, in seconds.
const SECONDS: u64 = 2;

/// The check.
pub const CHECK: Check = Check {
    id: "ipc.retry.after",
    claim: "where the dependency says when to come back, it is not asked before",
    method: "The dependency answers 503 with `Retry-After: 2` (RFC 9110, section 10.2.3). Warns where it is asked again before 90 % of that.",
    opens: OPENS,
    harm: "",
    deadline_ms: 60_000,
};

/// Looks.
pub fn run(target: IpcTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

async fn check(target: IpcTarget) -> CheckVerdict {
    let retry = target.retry()?;
    if target.ipc.upstream.forward.is_some() {
        return CheckResult::skip("only HTTP has `Retry-After`").stop();
    }
    if retry.max_attempts < 2 {
        return CheckResult::skip("`max_attempts` is 1: nothing is tried again").stop();
    }
    let mut harness = target.harness().await?;
    harness.fail(FaultMode::RetryAfter(SECONDS)).await?;
    let waits = attempts(&mut harness).await?;
    let Some(first) = waits.first().copied() else {
        // Who gives up does not come back too early.
        return Ok(CheckResult::pass(1)
            .control("calls reach the dependency", Outcome::Pass)
            .detail("where the dependency says when to come back, the call is given up"));
    };
    let least = f64::from(u32::try_from(SECONDS).unwrap_or(u32::MAX)) * 900.0;
    let found = if first < least {
        CheckResult::warn(1, format!("asked to come back after {SECONDS} s, it came back after {first:.0} ms"))
            .help("heed `Retry-After`, or give up", &[])
    } else {
        CheckResult::pass(1)
    };
    Ok(found
        .control("calls reach the dependency", Outcome::Pass)
        .observed("wait_ms", first.round())
        .expected("wait_least_ms", least))
}
