//! Errors keep secrets.

use super::super::harness::Called;
use super::super::{IpcTarget, OPENS};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::record::Outcome;

/// The check.
pub const CHECK: Check = Check {
    id: "ipc.error.secret",
    claim: "no error shows a secret that came with the call or stands in the configuration",
    method: "Sends a canary in `Authorization`, and puts it where the configuration says `{canary}`. Lets the dependency fail in five ways, and the breaker open. Fails where a caller is told the canary; warns where the service writes it to its own output.",
    opens: OPENS,
    harm: "",
    deadline_ms: 180_000,
};

/// Looks.
pub fn run(target: IpcTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

async fn check(target: IpcTarget) -> CheckVerdict {
    let texts = target.texts(1).await?;
    let shows = |said: &str, canary: &str| said.contains(canary);
    let told: Vec<&str> = texts
        .iter()
        .filter(|text| text.told.iter().any(|called| shows(&called.text, &text.canary)))
        .map(|text| text.fault)
        .collect();
    let written = texts.iter().any(|text| shows(&text.written, &text.canary));
    let count = texts.len() as u64;
    let is_error = |called: &Called| !called.is_ok && called.status.is_some() && !called.text.trim().is_empty();
    let errors = texts.iter().filter(|text| text.told.iter().any(is_error)).count();
    let found = if errors == 0 {
        CheckResult::error("no error was told to the caller, so nothing is known of secrets in errors")
    } else if !told.is_empty() {
        CheckResult::fail(count, format!("the caller is told a secret under: {}", told.join(", ")))
            .help("take addresses with passwords, and headers, out of what callers are told", &[])
    } else if written {
        CheckResult::warn(count, "the service writes a secret to its own output").help("mask it in the log", &[])
    } else {
        CheckResult::pass(count)
    };
    Ok(found.control("calls reach the dependency while it is well", Outcome::Pass).observed("texts", errors as u64))
}
