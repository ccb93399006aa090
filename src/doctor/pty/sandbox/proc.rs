//! Whether a session can see processes that are not its own.

use super::super::{PtyTarget, on_linux};
use super::each;
use super::victim::Victim;
use crate::doctor::Check;
use crate::doctor::check_result::CheckFuture;

/// The check.
pub const CHECK: Check = Check {
    id: "pty.sandbox.proc",
    claim: "a session cannot see processes that are not its own",
    method: "The command line of a process of phx is read in /proc. Passes where that works outside and has no effect inside; an error where it does not work outside; skipped where `sandbox.deny` does not name `proc`.",
    opens: "two sessions, and a process of phx",
    harm: "",
    deadline_ms: 40_000,
};

/// Looks.
pub fn run(target: PtyTarget) -> CheckFuture {
    each(target, "proc", async |target, _| {
        on_linux()?;
        let victim = Victim::start()?;
        target.both("proc", &victim.id(), &victim.id(), async |_| None).await
    })
}
