//! Check: a half-open breaker limits concurrent trial calls.

use std::time::{Duration, Instant};

use super::super::{IpcTarget, OPENS};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::fault::FaultMode;
use crate::doctor::record::Outcome;

/// Number of concurrent calls.
const HERD: usize = 20;
/// Response time of the upstream.
const SLOW: Duration = Duration::from_millis(300);

pub const CHECK: Check = Check {
    id: "ipc.breaker.single_trial",
    claim: "a half-open breaker lets at most `half_open_max` of many concurrent calls through",
    method: "Opens the breaker, waits for `open_for`, lets the upstream respond after 300 ms, and sends 20 calls at the same time. Fails if more than `half_open_max` calls reach the upstream before the first of them is answered.",
    side_effects: OPENS,
    risk: "",
    deadline_ms: 180_000,
};

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
        // After the first trial call is answered, the breaker may close and let all calls through.
        let hits = harness.upstream.hits().split_off(before);
        let first = hits.iter().map(|hit| hit.at).min();
        let is_before_answer = |at: Instant| first.is_some_and(|first| at.duration_since(first) < SLOW.mul_f64(0.9));
        let hits = hits.iter().filter(|hit| is_before_answer(hit.at)).count() as u64;
        let ok = called.iter().filter(|called| called.is_ok).count();
        target
            .log
            .record("herd", format!("trial {trial}: {hits} of {HERD} calls reached the upstream, {ok} succeeded"));
        most = most.max(hits);
    }
    let herd = target.trials() * HERD as u64;
    let found = if most == 0 {
        CheckResult::error("inconclusive: no call reached the upstream after `open_for`")
    } else if most > breaker.half_open_max {
        CheckResult::fail(
            herd,
            format!("{most} of {HERD} concurrent calls reached the upstream in the half-open state"),
        )
        .help("let at most `half_open_max` calls through, and reject the others until one succeeds", &[])
    } else {
        CheckResult::pass(herd)
    };
    Ok(found
        .control("calls reach the upstream", Outcome::Pass)
        .attempts(target.trials())
        .observed("hits_most", most)
        .expected("half_open_max", breaker.half_open_max))
}
