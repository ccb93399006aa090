//! Whether a session inherits open files.

use serde_json::Value;

use super::{Site, on_linux};
use crate::doctor::Check;
use crate::doctor::found::{Found, Looking, Verdict, looking};

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
pub fn look(site: Site) -> Looking {
    looking(check(site))
}

async fn check(site: Site) -> Verdict {
    on_linux()?;
    let facts = site.facts().await?;
    if facts["descriptors"].is_null() {
        return Found::error("a shell was asked, which cannot say what it has open").early();
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
        Found::fail(seen, format!("it inherits {} open files or sockets, as {first}", foreign.len()))
            .remedy("open everything with close-on-exec, or close all beyond 2 before the program is started", &[])
    } else if open.is_empty() {
        Found::pass(seen)
    } else {
        Found::warn(seen, format!("it inherits {} descriptors, as {}", open.len(), open[0]))
    };
    Ok(found.observed("descriptors", open).expected("descriptors", Vec::<String>::new()))
}
