//! Whether a session can open raw sockets.

use super::super::{PtyTarget, on_linux};
use super::each;
use crate::doctor::Check;
use crate::doctor::check_result::CheckFuture;

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
pub fn run(target: PtyTarget) -> CheckFuture {
    each(target, "rawsock", async |target, _| {
        on_linux()?;
        target.both("rawsock", "", "", async |_| None).await
    })
}
