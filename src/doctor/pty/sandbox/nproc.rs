//! Whether a session can start as many processes as it likes.

use super::super::{PtyTarget, on_linux};
use super::each;
use crate::doctor::Check;
use crate::doctor::check_result::CheckFuture;

/// The check.
pub const CHECK: Check = Check {
    id: "pty.sandbox.nproc",
    claim: "a session cannot start more processes than it may",
    method: "As many processes as are declared (`nproc:64`) are started, and ended again. Passes where that works outside and has no effect inside; an error where it does not work outside; skipped where `sandbox.deny` does not name `nproc`.",
    opens: "two sessions, and 64 processes that wait in each",
    harm: "",
    deadline_ms: 40_000,
};

/// Looks.
pub fn run(target: PtyTarget) -> CheckFuture {
    each(target, "nproc", async |target, declared| {
        on_linux()?;
        let count = super::argument("nproc", &declared)?;
        target.both("nproc", &count, &count, async |_| None).await
    })
}
