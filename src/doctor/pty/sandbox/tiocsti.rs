//! Whether a session can type for its user.

use super::super::{Site, on_linux};
use super::worst;
use crate::doctor::Check;
use crate::doctor::found::{Looking, Verdict, looking};

/// The check.
pub const CHECK: Check = Check {
    id: "pty.sandbox.tiocsti",
    claim: "a session cannot push input into its own terminal",
    method: "A byte is pushed into the input of the terminal (TIOCSTI). Passes where that works outside and has no effect inside; an error where it does not work outside; skipped where `sandbox.deny` does not name `tiocsti`.",
    opens: "two sessions",
    loads: false,
    deadline_ms: 40_000,
};

/// Looks.
pub fn look(site: Site) -> Looking {
    looking(check(site))
}

async fn check(site: Site) -> Verdict {
    let mut all = Vec::new();
    for _ in site.denied("tiocsti")? {
        on_linux()?;
        all.push(site.both("tiocsti", "", "", async |_| None).await?);
    }
    worst(all)
}
