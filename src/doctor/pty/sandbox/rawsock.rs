//! Check `pty.sandbox.rawsock`: a session cannot open raw sockets.

use super::super::{PtyTarget, on_linux};
use super::each;
use crate::doctor::Check;
use crate::doctor::check_result::CheckFuture;

pub const CHECK: Check = Check {
    id: "pty.sandbox.rawsock",
    claim: "a session cannot open raw sockets",
    method: "Opens and closes a raw ICMP socket. Passes if this works outside the sandbox (the control) and has no \
             effect inside. Inconclusive if it does not work outside. Skipped if `sandbox.deny` does not list \
             `rawsock`. Available only on Linux.",
    side_effects: "two sessions",
    risk: "",
    deadline_ms: 40_000,
};

pub fn run(target: PtyTarget) -> CheckFuture {
    each(target, "rawsock", async |target, _| {
        on_linux()?;
        target.both("rawsock", "", "", async |_| None).await
    })
}
