//! Whether a session can mount file systems.

use super::super::{PtyTarget, on_linux};
use super::{each, folder};
use crate::doctor::Check;
use crate::doctor::check_result::CheckFuture;

/// The check.
pub const CHECK: Check = Check {
    id: "pty.sandbox.mount",
    claim: "a session cannot mount file systems",
    method: "An empty file system is mounted on a folder of phx's own, and taken away again. Passes where that works outside and has no effect inside; an error where it does not work outside; skipped where `sandbox.deny` does not name `mount`.",
    opens: "two sessions, and a mount on a folder of phx's own",
    harm: "",
    deadline_ms: 40_000,
};

/// Looks.
pub fn run(target: PtyTarget) -> CheckFuture {
    each(target, "mount", async |target, _| {
        on_linux()?;
        let folder = folder()?;
        let path = folder.path().display().to_string();
        target.both("mount", &path, &path, async |_| None).await
    })
}
