//! After a while an open breaker tries again.

use super::super::{IpcTarget, OPENS};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::log::millis;
use crate::doctor::record::Outcome;

/// The check.
pub const CHECK: Check = Check {
    id: "ipc.breaker.half_opens",
    claim: "an open breaker lets a call through after the time that is claimed",
    method: "Opens the breaker and calls every 20 ms, the dependency still failing. Fails where the first call gets through more than 20 % before or after `open_for`.",
    opens: OPENS,
    harm: "",
    deadline_ms: 120_000,
};

/// Looks.
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
        let said =
            format!("the first call got through after {} ms; {} ms are claimed", millis(after), breaker.open_for_ms);
        CheckResult::fail(1, said).help("correct `open_for`, or the breaker", &[])
    };
    Ok(found
        .control("calls reach the dependency", Outcome::Pass)
        .observed("open_for_ms", millis(after))
        .expected("open_for_ms", breaker.open_for_ms))
}
