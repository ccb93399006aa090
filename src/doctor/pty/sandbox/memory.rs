//! Whether a session can take as much memory as it likes.

use super::super::{PtyTarget, on_linux};
use super::each;
use crate::doctor::Check;
use crate::doctor::check_result::CheckFuture;

/// The check.
pub const CHECK: Check = Check {
    id: "pty.sandbox.memory",
    claim: "a session cannot take more memory than it may",
    method: "As much memory as is declared (`memory:256MiB`) is taken and written to. Passes where that works outside and has no effect inside; an error where it does not work outside; skipped where `sandbox.deny` does not name `memory`.",
    opens: "two sessions, and 256 MiB in each",
    harm: "",
    deadline_ms: 40_000,
};

/// Looks.
pub fn run(target: PtyTarget) -> CheckFuture {
    each(target, "memory", async |target, declared| {
        on_linux()?;
        let bytes = super::argument("memory", &declared)?;
        target.both("memory", &bytes, &bytes, async |_| None).await
    })
}
