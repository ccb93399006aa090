//! Check `pty.sandbox.nproc`: a session cannot start more processes than allowed.

use super::super::{PtyTarget, on_linux};
use super::each;
use crate::doctor::Check;
use crate::doctor::check_result::CheckFuture;

pub const CHECK: Check = Check {
    id: "pty.sandbox.nproc",
    claim: "a session cannot start more processes than allowed",
    method: "Starts the configured number of processes (`nproc:64`) and ends them. Passes if this works outside the \
             sandbox (the control) and has no effect inside. Inconclusive if it does not work outside. Skipped if \
             `sandbox.deny` does not list `nproc`. Available only on Linux.",
    side_effects: "two sessions, with 64 waiting processes in each",
    risk: "",
    deadline_ms: 40_000,
};

pub fn run(target: PtyTarget) -> CheckFuture {
    each(target, "nproc", async |target, declared| {
        on_linux()?;
        let count = super::argument("nproc", &declared)?;
        target.both("nproc", &count, &count, async |_| None).await
    })
}
