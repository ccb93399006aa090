//! Whether a shell in a session can control its jobs.

use std::time::Duration;

use super::Site;
use super::session::text;
use crate::doctor::Check;
use crate::doctor::found::{Found, Looking, Verdict, looking};

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
pub fn look(site: Site) -> Looking {
    looking(check(site))
}

async fn check(site: Site) -> Verdict {
    let mut session = site.open("jobs", &[]).await?;
    let report = session.report("jobs", Duration::from_secs(8)).await?;
    let steps: Vec<&str> =
        report["steps"].as_array().into_iter().flatten().filter_map(serde_json::Value::as_str).collect();
    let found = if steps == STEPS {
        Found::pass(STEPS.len() as u64)
    } else {
        Found::fail(STEPS.len() as u64, text(&report, "why"))
            .remedy("make the terminal the controlling one of the session", &[])
    };
    Ok(found.observed("steps", steps).expected("steps", STEPS.to_vec()))
}
