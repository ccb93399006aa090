//! A half-open breaker lets few try, not the whole herd.

use std::time::{Duration, Instant};

use super::super::{IpcTarget, OPENS};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::fault::FaultMode;
use crate::doctor::record::Outcome;

/// How many call at once.
const HERD: usize = 20;
/// How long the dependency takes meanwhile.
const SLOW: Duration = Duration::from_millis(300);

/// The check.
pub const CHECK: Check = Check {
    id: "ipc.breaker.single_trial",
    claim: "of many calls at once a half-open breaker lets no more through than are claimed",
    method: "Opens the breaker, waits out `open_for`, lets the dependency take 300 ms and calls 20 times at once. Fails where more than `half_open_max` calls reach it before the first of them is answered.",
    opens: OPENS,
    harm: "",
    deadline_ms: 180_000,
};

/// Looks.
pub fn run(target: IpcTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

async fn check(target: IpcTarget) -> CheckVerdict {
    let breaker = target.breaker()?;
    let mut most = 0;
    for trial in 1..=target.trials() {
        let mut harness = target.harness().await?;
        let tripped = target.tripped(&mut harness, breaker).await?;
        IpcTarget::await_half_open(breaker, &tripped).await;
        harness.fail(FaultMode::Slow(SLOW)).await?;
        let before = harness.upstream.count();
        let called = harness.crowd(HERD).await?;
        // Once the first trial has been answered, the breaker may have closed, and all may come.
        let hits = harness.upstream.hits().split_off(before);
        let first = hits.iter().map(|hit| hit.at).min();
        let stop = |at: Instant| first.is_some_and(|first| at.duration_since(first) < SLOW.mul_f64(0.9));
        let hits = hits.iter().filter(|hit| stop(hit.at)).count() as u64;
        let ok = called.iter().filter(|called| called.is_ok).count();
        target.log.note(
            "herd",
            format!("trial {trial}: {hits} of {HERD} calls got through, {ok} were told that all is well"),
        );
        most = most.max(hits);
    }
    let herd = target.trials() * HERD as u64;
    let found = if most == 0 {
        CheckResult::error("no call got through after `open_for`, so nothing is known of trials")
    } else if most > breaker.half_open_max {
        CheckResult::fail(herd, format!("{most} of {HERD} calls at once got through in the half-open state"))
            .help("let one call try, and turn the others away until it is back", &[])
    } else {
        CheckResult::pass(herd)
    };
    Ok(found
        .control("calls reach the dependency", Outcome::Pass)
        .attempts(target.trials())
        .observed("hits_most", most)
        .expected("half_open_max", breaker.half_open_max))
}
