//! Whether a session can type for its user.

use super::super::{PtyTarget, on_linux};
use super::each;
use crate::doctor::Check;
use crate::doctor::check_result::CheckFuture;

/// The check.
pub const CHECK: Check = Check {
    id: "pty.sandbox.tiocsti",
    claim: "a session cannot push input into its own terminal",
    method: "A byte is pushed into the input of the terminal (TIOCSTI). Passes where that works outside and has no effect inside; an error where it does not work outside; skipped where `sandbox.deny` does not name `tiocsti`.",
    opens: "two sessions",
    harm: "",
    deadline_ms: 40_000,
};

/// Looks.
pub fn run(target: PtyTarget) -> CheckFuture {
    each(target, "tiocsti", async |target, _| {
        on_linux()?;
        target.both("tiocsti", "", "", async |_| None).await
    })
}
