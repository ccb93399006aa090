//! Check `pty.sandbox.tiocsti`: a session cannot inject input into its own terminal.

use super::super::{PtyTarget, on_linux};
use super::each;
use crate::doctor::Check;
use crate::doctor::check_result::CheckFuture;

pub const CHECK: Check = Check {
    id: "pty.sandbox.tiocsti",
    claim: "a session cannot inject input into its own terminal",
    method: "Pushes a byte into the input of the terminal (TIOCSTI). Passes if this works outside the sandbox (the \
             control) and has no effect inside. Inconclusive if it does not work outside. Skipped if `sandbox.deny` \
             does not list `tiocsti`. Available only on Linux.",
    side_effects: "two sessions",
    risk: "",
    deadline_ms: 40_000,
};

pub fn run(target: PtyTarget) -> CheckFuture {
    each(target, "tiocsti", async |target, _| {
        on_linux()?;
        target.both("tiocsti", "", "", async |_| None).await
    })
}
