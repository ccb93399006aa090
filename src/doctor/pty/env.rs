//! Whether a session inherits what it must not.

use std::time::Duration;

use super::PtyTarget;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::is_named;
use crate::doctor::record::Outcome;

/// The check.
pub const CHECK: Check = Check {
    id: "pty.env",
    claim: "a session inherits no secrets, and what it needs",
    method: "The host is started with variables whose names fit `env.deny`; a payload inside lists the names it has. Fails where one fits, and where one of `env.require` is missing. Only names are looked at. Skipped where no `env` is named.",
    opens: "one session",
    harm: "",
    deadline_ms: 15_000,
};

/// Looks.
pub fn run(target: PtyTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: PtyTarget) -> CheckVerdict {
    let Some(claimed) = target.pty.env.clone() else {
        return CheckResult::skip("no `env` is named").stop();
    };
    // A name for each glob, so that there is something that could be inherited.
    let made = claimed.deny.iter().map(|glob| (glob.replace('*', "PHX_CANARY"), "phx".to_owned()));
    let canaries: Vec<(String, String)> = made.collect();
    let mut session = target.open_with("attest", &[], &canaries).await?;
    let facts = session.report("facts", Duration::from_secs(10)).await?;
    session.acknowledge().await;
    let names: Vec<&str> =
        facts["environment"].as_array().into_iter().flatten().filter_map(serde_json::Value::as_str).collect();
    let seen: Vec<&str> =
        names.iter().copied().filter(|name| claimed.deny.iter().any(|glob| is_named(glob, name))).collect();
    let missing: Vec<&String> = claimed.require.iter().filter(|name| !names.contains(&name.as_str())).collect();
    let found = if !seen.is_empty() {
        CheckResult::fail(names.len() as u64, format!("it inherits {}", seen.join(", ")))
            .help("start the program with an environment that names what it may have", &[])
    } else if missing.is_empty() {
        CheckResult::pass(names.len() as u64)
    } else {
        let missing: Vec<&str> = missing.iter().map(|name| name.as_str()).collect();
        CheckResult::fail(names.len() as u64, format!("it has no {}", missing.join(", ")))
    };
    if !target.is_started() {
        target.log.note("canaries", "the host was not started by phx, so only what it has by itself was looked at");
    }
    Ok(found
        .observed("inherited", seen)
        .expected("inherited", Vec::<String>::new())
        .control("a program inside", Outcome::Pass))
}
