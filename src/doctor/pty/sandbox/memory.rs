//! Check `pty.sandbox.memory`: a session cannot use more memory than allowed.

use super::super::{PtyTarget, on_linux};
use super::each;
use crate::doctor::Check;
use crate::doctor::check_result::CheckFuture;

pub const CHECK: Check = Check {
    id: "pty.sandbox.memory",
    claim: "a session cannot use more memory than allowed",
    method: "Allocates the configured amount of memory (`memory:256MiB`) and writes to it. Passes if this works \
             outside the sandbox (the control) and has no effect inside. Inconclusive if it does not work outside. \
             Skipped if `sandbox.deny` does not list `memory`. Available only on Linux.",
    side_effects: "two sessions, with 256 MiB of memory in each",
    risk: "",
    deadline_ms: 40_000,
};

pub fn run(target: PtyTarget) -> CheckFuture {
    each(target, "memory", async |target, declared| {
        on_linux()?;
        let bytes = super::argument("memory", &declared)?;
        target.both("memory", &bytes, &bytes, async |_| None).await
    })
}
