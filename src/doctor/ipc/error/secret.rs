//! Check: error messages contain no secrets.

use super::super::harness::Called;
use super::super::{IpcTarget, OPENS};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::record::Outcome;

pub const CHECK: Check = Check {
    id: "ipc.error.secret",
    claim: "no error message contains a secret from the call or the configuration",
    method: "Sends a canary in `Authorization`, and replaces `{canary}` in the configuration with it. Lets the upstream fail in five ways (four if `timeout` is not configured), and opens the breaker if one is configured. Fails if an answer contains the canary; warns if the service writes it to its own output.",
    side_effects: OPENS,
    risk: "",
    deadline_ms: 180_000,
};

pub fn run(target: IpcTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

async fn check(target: IpcTarget) -> CheckVerdict {
    let texts = target.texts(1).await?;
    let contains_canary = |text: &str, canary: &str| text.contains(canary);
    let leaks: Vec<&str> = texts
        .iter()
        .filter(|text| text.told.iter().any(|called| contains_canary(&called.text, &text.canary)))
        .map(|text| text.fault)
        .collect();
    let written = texts.iter().any(|text| contains_canary(&text.written, &text.canary));
    let count = texts.len() as u64;
    let is_error = |called: &Called| !called.is_ok && called.status.is_some() && !called.text.trim().is_empty();
    let errors = texts.iter().filter(|text| text.told.iter().any(is_error)).count();
    let found = if errors == 0 {
        CheckResult::error("inconclusive: no call returned an error message")
    } else if !leaks.is_empty() {
        CheckResult::fail(count, format!("an answer contains a secret under these faults: {}", leaks.join(", ")))
            .help("remove headers and URLs with passwords from error messages", &[])
    } else if written {
        CheckResult::warn(count, "the service writes a secret to its own output").help("mask it in the log", &[])
    } else {
        CheckResult::pass(count)
    };
    Ok(found.control("calls reach the upstream", Outcome::Pass).observed("texts", errors as u64))
}
