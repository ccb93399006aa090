//! Whether a shell in a session can control its jobs.

use std::time::Duration;

use super::PtyTarget;
use super::session::text;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};

/// What a shell does with a job, in its order.
const STEPS: &[&str] = &["foreground", "stopped", "taken_back", "continued"];

/// The check.
pub const CHECK: Check = Check {
    id: "pty.jobctl",
    claim: "a shell can stop its jobs, take the terminal back and let them go on",
    method: "A payload does what a shell does: it puts a job in the foreground (tcsetpgrp), waits until that stops, takes the terminal back, and lets the job go on until its end. Fails at the first step that does not work.",
    opens: "one session",
    harm: "",
    deadline_ms: 15_000,
};

/// Looks.
pub fn run(target: PtyTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: PtyTarget) -> CheckVerdict {
    let mut session = target.open("jobs", &[]).await?;
    let report = session.report("jobs", Duration::from_secs(8)).await?;
    let steps: Vec<&str> =
        report["steps"].as_array().into_iter().flatten().filter_map(serde_json::Value::as_str).collect();
    let found = if steps == STEPS {
        CheckResult::pass(STEPS.len() as u64)
    } else {
        CheckResult::fail(STEPS.len() as u64, text(&report, "why"))
            .help("make the terminal the controlling one of the session", &[])
    };
    Ok(found.observed("steps", steps).expected("steps", STEPS.to_vec()))
}
