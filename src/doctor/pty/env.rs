//! Check `pty.env`: a session inherits no denied variables and has all required ones.

use std::time::Duration;

use super::PtyTarget;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::is_named;
use crate::doctor::record::Outcome;

pub const CHECK: Check = Check {
    id: "pty.env",
    claim: "a session inherits no denied variables and has all required ones",
    method: "Starts the host with variables whose names match `env.deny`; a payload inside lists the names of its \
             variables. Fails if one matches, or if a name of `env.require` is missing. Values are not read. Skipped \
             if `env` is not set.",
    side_effects: "one session",
    risk: "",
    deadline_ms: 15_000,
};

pub fn run(target: PtyTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: PtyTarget) -> CheckVerdict {
    let Some(configured) = target.pty.env.clone() else {
        return CheckResult::skip("`env` is not set").stop();
    };
    // One variable for each glob, so that there is one that could be inherited.
    let variables = configured.deny.iter().map(|glob| (glob.replace('*', "PHX_CANARY"), "phx".to_owned()));
    let canaries: Vec<(String, String)> = variables.collect();
    let mut session = target.open_with("attest", &[], &canaries).await?;
    let facts = session.report("facts", Duration::from_secs(10)).await?;
    session.acknowledge().await;
    let names: Vec<&str> =
        facts["environment"].as_array().into_iter().flatten().filter_map(serde_json::Value::as_str).collect();
    let seen: Vec<&str> =
        names.iter().copied().filter(|name| configured.deny.iter().any(|glob| is_named(glob, name))).collect();
    let missing: Vec<&String> = configured.require.iter().filter(|name| !names.contains(&name.as_str())).collect();
    let result = if !seen.is_empty() {
        CheckResult::fail(names.len() as u64, format!("denied variables are inherited: {}", seen.join(", ")))
            .help("start the program with an environment that contains only the allowed variables", &[])
    } else if missing.is_empty() {
        CheckResult::pass(names.len() as u64)
    } else {
        let missing: Vec<&str> = missing.iter().map(|name| name.as_str()).collect();
        CheckResult::fail(names.len() as u64, format!("required variables are missing: {}", missing.join(", ")))
    };
    if !target.is_started() {
        target.log.record("canaries", "the host was not started by phx, so no test variables were set");
    }
    Ok(result
        .observed("inherited", seen)
        .expected("inherited", Vec::<String>::new())
        .control("payload inside", Outcome::Pass))
}
