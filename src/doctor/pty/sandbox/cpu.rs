//! Check `pty.sandbox.cpu`: a session cannot use more CPU time than allowed.

use super::super::{PtyTarget, on_linux};
use super::each;
use crate::doctor::Check;
use crate::doctor::check_result::CheckFuture;

pub const CHECK: Check = Check {
    id: "pty.sandbox.cpu",
    claim: "a session cannot use more CPU time than allowed",
    method: "Uses the configured amount of CPU time (`cpu:1s`). Passes if this works outside the sandbox (the control) \
             and has no effect inside. Inconclusive if it does not work outside. Skipped if `sandbox.deny` does not \
             list `cpu`. Available only on Linux.",
    side_effects: "two sessions, with 1 s of CPU time in each",
    risk: "",
    deadline_ms: 40_000,
};

pub fn run(target: PtyTarget) -> CheckFuture {
    each(target, "cpu", async |target, declared| {
        on_linux()?;
        let time = super::argument("cpu", &declared)?;
        target.both("cpu", &time, &time, async |_| None).await
    })
}
