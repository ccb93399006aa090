//! Check: an open breaker allows a trial call after `open_for`.

use super::super::{IpcTarget, OPENS};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::log::millis;
use crate::doctor::record::Outcome;

pub const CHECK: Check = Check {
    id: "ipc.breaker.half_opens",
    claim: "an open breaker lets a call through after `open_for`",
    method: "Opens the breaker and calls every 20 ms while the upstream still fails. Fails if the first call reaches the upstream more than 20 % before or after `open_for`.",
    side_effects: OPENS,
    risk: "",
    deadline_ms: 120_000,
};

pub fn run(target: IpcTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

async fn check(target: IpcTarget) -> CheckVerdict {
    let (mut harness, breaker, tripped) = target.opened().await?;
    let after = target.half_open(&mut harness, breaker, &tripped).await?;
    let claimed = std::time::Duration::from_millis(breaker.open_for_ms);
    let (least, most) =
        (claimed.mul_f64(1.0 - super::TOLERANCE), claimed.mul_f64(1.0 + super::TOLERANCE) + super::POLL * 2);
    let found = if (least..=most).contains(&after) {
        CheckResult::pass(1)
    } else {
        let message = format!(
            "the first call reached the upstream after {} ms, expected {} ms",
            millis(after),
            breaker.open_for_ms
        );
        CheckResult::fail(1, message).help("correct `open_for` or the breaker", &[])
    };
    Ok(found
        .control("calls reach the upstream", Outcome::Pass)
        .observed("open_for_ms", millis(after))
        .expected("open_for_ms", breaker.open_for_ms))
}
