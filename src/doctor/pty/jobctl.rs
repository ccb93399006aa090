//! Check `pty.jobctl`: a shell in a session can control its jobs.

use std::time::Duration;

use super::PtyTarget;
use super::session::text;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};

/// Steps of job control, in their order.
const STEPS: &[&str] = &["foreground", "stopped", "taken_back", "continued"];

pub const CHECK: Check = Check {
    id: "pty.jobctl",
    claim: "a shell can stop a job, take back the terminal and continue the job",
    method: "A payload acts as a shell: it puts a job in the foreground (tcsetpgrp), waits until the job stops, takes \
             back the terminal, and continues the job until it ends. Fails at the first step that does not work.",
    side_effects: "one session",
    risk: "",
    deadline_ms: 15_000,
};

pub fn run(target: PtyTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: PtyTarget) -> CheckVerdict {
    let mut session = target.open("jobs", &[]).await?;
    let report = session.report("jobs", Duration::from_secs(8)).await?;
    let steps: Vec<&str> =
        report["steps"].as_array().into_iter().flatten().filter_map(serde_json::Value::as_str).collect();
    let result = if steps == STEPS {
        CheckResult::pass(STEPS.len() as u64)
    } else {
        CheckResult::fail(STEPS.len() as u64, text(&report, "why"))
            .help("make the terminal the controlling terminal of the session (`setsid`, `TIOCSCTTY`)", &[])
    };
    Ok(result.observed("steps", steps).expected("steps", STEPS.to_vec()))
}
