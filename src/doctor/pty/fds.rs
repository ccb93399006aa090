//! Check `pty.fds`: a session inherits no open files.

use serde_json::Value;

use super::{PtyTarget, on_linux};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};

pub const CHECK: Check = Check {
    id: "pty.fds",
    claim: "a session inherits no open files",
    method: "A payload inside lists its descriptors above 2. Fails if one is a socket, or a file or folder outside of \
             /dev. Warns if there is any other. Available only on Linux.",
    side_effects: "one session",
    risk: "",
    deadline_ms: 15_000,
};

pub fn run(target: PtyTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: PtyTarget) -> CheckVerdict {
    on_linux()?;
    let facts = target.facts().await?;
    if facts["descriptors"].is_null() {
        return CheckResult::error("phx could not run inside the session, and a shell cannot list its descriptors")
            .stop();
    }
    let open: Vec<String> = facts["descriptors"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|entry: &Value| format!("{} → {}", entry[0].as_str().unwrap_or("?"), entry[1].as_str().unwrap_or("?")))
        .collect();
    let is_forbidden =
        |line: &&String| line.contains("→ socket:") || (line.contains("→ /") && !line.contains("→ /dev/"));
    let forbidden: Vec<&String> = open.iter().filter(is_forbidden).collect();
    // Descriptors 0 to 2 count as observations, too.
    let seen = open.len() as u64 + 3;
    let result = if let Some(first) = forbidden.first() {
        CheckResult::fail(
            seen,
            format!("the session inherits {} open files or sockets, such as {first}", forbidden.len()),
        )
        .help("open all files with close-on-exec, or close all descriptors above 2 before starting the program", &[])
    } else if open.is_empty() {
        CheckResult::pass(seen)
    } else {
        CheckResult::warn(seen, format!("the session inherits {} descriptors, such as {}", open.len(), open[0]))
    };
    Ok(result.observed("descriptors", open).expected("descriptors", Vec::<String>::new()))
}
