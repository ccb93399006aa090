//! Whether a session inherits open files.

use serde_json::Value;

use super::{PtyTarget, on_linux};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};

/// The check.
pub const CHECK: Check = Check {
    id: "pty.fds",
    claim: "a session inherits no open files",
    method: "A payload inside lists its descriptors beyond 2. Fails where one is a socket, or a file or folder of the host; warns where there is any other.",
    opens: "one session",
    harm: "",
    deadline_ms: 15_000,
};

/// Looks.
pub fn run(target: PtyTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: PtyTarget) -> CheckVerdict {
    on_linux()?;
    let facts = target.facts().await?;
    if facts["descriptors"].is_null() {
        return CheckResult::error("a shell was asked, which cannot say what it has open").stop();
    }
    let open: Vec<String> = facts["descriptors"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|entry: &Value| format!("{} → {}", entry[0].as_str().unwrap_or("?"), entry[1].as_str().unwrap_or("?")))
        .collect();
    let is_own = |line: &&String| line.contains("→ socket:") || (line.contains("→ /") && !line.contains("→ /dev/"));
    let foreign: Vec<&String> = open.iter().filter(is_own).collect();
    // Descriptors 0 to 2 were looked at, too.
    let seen = open.len() as u64 + 3;
    let found = if let Some(first) = foreign.first() {
        CheckResult::fail(seen, format!("it inherits {} open files or sockets, as {first}", foreign.len()))
            .help("open everything with close-on-exec, or close all beyond 2 before the program is started", &[])
    } else if open.is_empty() {
        CheckResult::pass(seen)
    } else {
        CheckResult::warn(seen, format!("it inherits {} descriptors, as {}", open.len(), open[0]))
    };
    Ok(found.observed("descriptors", open).expected("descriptors", Vec::<String>::new()))
}
