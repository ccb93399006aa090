//! Whether a session inherits what it must not.

use std::time::Duration;

use super::Site;
use crate::doctor::Check;
use crate::doctor::found::{Found, Looking, Verdict, looking};
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
pub fn look(site: Site) -> Looking {
    looking(check(site))
}

async fn check(site: Site) -> Verdict {
    let Some(claimed) = site.pty.env.clone() else {
        return Found::skip("no `env` is named").early();
    };
    // A name for each glob, so that there is something that could be inherited.
    let made = claimed.deny.iter().map(|glob| (glob.replace('*', "PHX_CANARY"), "phx".to_owned()));
    let canaries: Vec<(String, String)> = made.collect();
    let mut session = site.open_with("attest", &[], &canaries).await?;
    let facts = session.report("facts", Duration::from_secs(10)).await?;
    session.acknowledge().await;
    let names: Vec<&str> =
        facts["environment"].as_array().into_iter().flatten().filter_map(serde_json::Value::as_str).collect();
    let seen: Vec<&str> =
        names.iter().copied().filter(|name| claimed.deny.iter().any(|glob| is_named(glob, name))).collect();
    let missing: Vec<&String> = claimed.require.iter().filter(|name| !names.contains(&name.as_str())).collect();
    let found = if !seen.is_empty() {
        Found::fail(names.len() as u64, format!("it inherits {}", seen.join(", ")))
            .remedy("start the program with an environment that names what it may have", &[])
    } else if missing.is_empty() {
        Found::pass(names.len() as u64)
    } else {
        let missing: Vec<&str> = missing.iter().map(|name| name.as_str()).collect();
        Found::fail(names.len() as u64, format!("it has no {}", missing.join(", ")))
    };
    if !site.is_started() {
        site.log.note("canaries", "the host was not started by phx, so only what it has by itself was looked at");
    }
    Ok(found
        .observed("inherited", seen)
        .expected("inherited", Vec::<String>::new())
        .control("a program inside", Outcome::Pass))
}
