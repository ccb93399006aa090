//! Whether a session can work as long as it likes.

use super::super::{PtyTarget, on_linux};
use super::each;
use crate::doctor::Check;
use crate::doctor::check_result::CheckFuture;

/// The check.
pub const CHECK: Check = Check {
    id: "pty.sandbox.cpu",
    claim: "a session cannot work longer than it may",
    method: "As much time of a processor as is declared (`cpu:1s`) is used. Passes where that works outside and has no effect inside; an error where it does not work outside; skipped where `sandbox.deny` does not name `cpu`.",
    opens: "two sessions, and 1 s of a processor in each",
    harm: "",
    deadline_ms: 40_000,
};

/// Looks.
pub fn run(target: PtyTarget) -> CheckFuture {
    each(target, "cpu", async |target, declared| {
        on_linux()?;
        let time = super::argument("cpu", &declared)?;
        target.both("cpu", &time, &time, async |_| None).await
    })
}
