//! Who does not wait any more does not keep others busy.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::super::harness::Endpoint;
use super::super::{IpcTarget, OPENS};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::fault::FaultMode;
use crate::doctor::log::millis;
use crate::doctor::record::Outcome;

/// How long work may go on behind an answer.
const GRACE: Duration = Duration::from_secs(1);

/// The check.
pub const CHECK: Check = Check {
    id: "ipc.timeout.cancel",
    claim: "once a call has ended, its work at the dependency ends too",
    method: "The dependency never answers. Once the caller has its error, the dependency waits until the service goes away. Warns where that takes longer than a second.",
    opens: OPENS,
    harm: "",
    deadline_ms: 60_000,
};

/// Looks.
pub fn run(target: IpcTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

async fn check(target: IpcTarget) -> CheckVerdict {
    target.timeout()?;
    if target.ipc.upstream.forward.is_some() {
        return CheckResult::skip("a connection to a real server may be kept for the next call").stop();
    }
    let mut harness = target.harness().await?;
    harness.fail(FaultMode::HangHeaders).await?;
    let before = harness.upstream.count();
    let called = harness.call(Endpoint::Primary).await?;
    let answered = Instant::now();
    if called.hits == 0 {
        return CheckResult::error("the fault did not reach the service: the dependency was not asked").stop();
    }
    let kept = || harness.upstream.hits()[before..].iter().filter(|hit| hit.gone.is_none()).count();
    while kept() > 0 && answered.elapsed() < GRACE {
        sleep(Duration::from_millis(10)).await;
    }
    let (kept, took) = (kept(), millis(answered.elapsed()));
    let found = if called.is_late {
        CheckResult::fail(1, "the caller had no answer at all")
    } else if kept > 0 {
        CheckResult::warn(
            1,
            format!("{took} ms after the caller had its error, {kept} of its requests were still open"),
        )
        .help("cancel the request when nobody waits for it any more", &[])
    } else {
        CheckResult::pass(1).observed("gone_after_ms", took)
    };
    Ok(found.control("calls reach the dependency while it is well", Outcome::Pass).observed("kept", kept as u64))
}
