//! Check: the upstream request of a call that has ended is cancelled.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::super::harness::Endpoint;
use super::super::{IpcTarget, OPENS};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::fault::FaultMode;
use crate::doctor::log::millis;
use crate::doctor::record::Outcome;

/// Time for which an upstream request may stay open after the call has ended.
const GRACE: Duration = Duration::from_secs(1);

pub const CHECK: Check = Check {
    id: "ipc.timeout.cancel",
    claim: "after a call has ended, its upstream request is cancelled",
    method: "The upstream never responds. After the caller has received its error, the upstream waits until the service disconnects. Warns if that takes longer than one second, and fails if the caller receives no answer.",
    side_effects: OPENS,
    risk: "",
    deadline_ms: 60_000,
};

pub fn run(target: IpcTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

async fn check(target: IpcTarget) -> CheckVerdict {
    target.timeout()?;
    if target.ipc.upstream.forward.is_some() {
        return CheckResult::skip("a connection to a real server (`upstream.forward`) may be kept for the next call")
            .stop();
    }
    let mut harness = target.harness().await?;
    harness.fail(FaultMode::HangHeaders).await?;
    let before = harness.upstream.count();
    let called = harness.call(Endpoint::Primary).await?;
    let answered = Instant::now();
    if called.hits == 0 {
        return CheckResult::error("inconclusive: no call reached the upstream, so the fault had no effect").stop();
    }
    let open_requests = || harness.upstream.hits()[before..].iter().filter(|hit| hit.gone.is_none()).count();
    while open_requests() > 0 && answered.elapsed() < GRACE {
        sleep(Duration::from_millis(10)).await;
    }
    let (open_requests, took) = (open_requests(), millis(answered.elapsed()));
    let found = if called.is_late {
        CheckResult::fail(1, "the caller received no answer")
    } else if open_requests > 0 {
        CheckResult::warn(
            1,
            format!(
                "{open_requests} upstream requests were still open {took} ms after the caller had received its error"
            ),
        )
        .help("cancel the upstream request when the call ends", &[])
    } else {
        CheckResult::pass(1).observed("gone_after_ms", took)
    };
    Ok(found.control("calls reach the upstream", Outcome::Pass).observed("kept", open_requests as u64))
}
