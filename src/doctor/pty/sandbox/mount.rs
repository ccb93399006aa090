//! Check `pty.sandbox.mount`: a session cannot mount file systems.

use super::super::{PtyTarget, on_linux};
use super::{each, folder};
use crate::doctor::Check;
use crate::doctor::check_result::CheckFuture;

pub const CHECK: Check = Check {
    id: "pty.sandbox.mount",
    claim: "a session cannot mount file systems",
    method: "Mounts an empty file system on a temporary folder and unmounts it. Passes if this works outside the \
             sandbox (the control) and has no effect inside. Inconclusive if it does not work outside. Skipped if \
             `sandbox.deny` does not list `mount`. Available only on Linux.",
    side_effects: "two sessions, and a mount on a temporary folder",
    risk: "",
    deadline_ms: 40_000,
};

pub fn run(target: PtyTarget) -> CheckFuture {
    each(target, "mount", async |target, _| {
        on_linux()?;
        let folder = folder()?;
        let path = folder.path().display().to_string();
        target.both("mount", &path, &path, async |_| None).await
    })
}
