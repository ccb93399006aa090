//! Whether a session can open raw sockets.

use super::super::{Site, on_linux};
use super::each;
use crate::doctor::Check;
use crate::doctor::found::Looking;

/// The check.
pub const CHECK: Check = Check {
    id: "pty.sandbox.rawsock",
    claim: "a session cannot open raw sockets",
    method: "A raw socket for ICMP is opened and closed. Passes where that works outside and has no effect inside; an error where it does not work outside; skipped where `sandbox.deny` does not name `rawsock`.",
    opens: "two sessions",
    harm: "",
    deadline_ms: 40_000,
};

/// Looks.
pub fn look(site: Site) -> Looking {
    each(site, "rawsock", async |site, _| {
        on_linux()?;
        site.both("rawsock", "", "", async |_| None).await
    })
}
