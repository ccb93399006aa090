//! Check `pty.sandbox.proc`: a session cannot see processes outside of it.

use super::super::{PtyTarget, on_linux};
use super::each;
use super::victim::Victim;
use crate::doctor::Check;
use crate::doctor::check_result::CheckFuture;

pub const CHECK: Check = Check {
    id: "pty.sandbox.proc",
    claim: "a session cannot see processes outside of it",
    method: "Reads the command line of a process of phx in /proc. Passes if this works outside the sandbox (the \
             control) and has no effect inside. Inconclusive if it does not work outside. Skipped if `sandbox.deny` \
             does not list `proc`. Available only on Linux.",
    side_effects: "two sessions, and a process of phx",
    risk: "",
    deadline_ms: 40_000,
};

pub fn run(target: PtyTarget) -> CheckFuture {
    each(target, "proc", async |target, _| {
        on_linux()?;
        let victim = Victim::start()?;
        target.both("proc", &victim.id(), &victim.id(), async |_| None).await
    })
}
