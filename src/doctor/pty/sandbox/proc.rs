//! Whether a session can see processes that are not its own.

use super::super::{Site, on_linux};
use super::each;
use super::victim::Victim;
use crate::doctor::Check;
use crate::doctor::found::Looking;

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
pub fn look(site: Site) -> Looking {
    each(site, "proc", async |site, _| {
        on_linux()?;
        let victim = Victim::start()?;
        site.both("proc", &victim.id(), &victim.id(), async |_| None).await
    })
}
