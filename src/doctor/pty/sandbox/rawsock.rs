//! Whether a session can open raw sockets.

use super::super::{Site, on_linux};
use super::worst;
use crate::doctor::Check;
use crate::doctor::found::{Looking, Verdict, looking};

/// The check.
pub const CHECK: Check = Check {
    id: "pty.sandbox.rawsock",
    claim: "a session cannot open raw sockets",
    method: "A raw socket for ICMP is opened and closed. Passes where that works outside and has no effect inside; an error where it does not work outside; skipped where `sandbox.deny` does not name `rawsock`.",
    opens: "two sessions",
    loads: false,
    deadline_ms: 40_000,
};

/// Looks.
pub fn look(site: Site) -> Looking {
    looking(check(site))
}

async fn check(site: Site) -> Verdict {
    let mut all = Vec::new();
    for _ in site.denied("rawsock")? {
        on_linux()?;
        all.push(site.both("rawsock", "", "", async |_| None).await?);
    }
    worst(all)
}
