//! Check `pty.sandbox.write`: a session cannot write to denied folders.

use std::path::Path;

use super::super::PtyTarget;
use super::{AttemptResult, each, folder};
use crate::doctor::Check;
use crate::doctor::check_result::CheckFuture;
use crate::system::disk;

pub const CHECK: Check = Check {
    id: "pty.sandbox.write",
    claim: "a session cannot write to denied folders",
    method: "Creates a file in a temporary folder, or in the configured folder. Passes if this works outside the \
             sandbox (the control) and has no effect inside. Inconclusive if it does not work outside. Skipped if \
             `sandbox.deny` does not list `write`.",
    side_effects: "two sessions, and a temporary folder",
    risk: "",
    deadline_ms: 40_000,
};

pub fn run(target: PtyTarget) -> CheckFuture {
    each(target, "write", async |target, declared| {
        let folder = folder()?;
        let parent = if declared.is_empty() || declared == "{outside}" { folder.path() } else { Path::new(&declared) };
        let file = |name: &str| parent.join(format!("phx-doctor-{name}-{}", uuid::Uuid::now_v7().simple()));
        let (outside, inside) = (file("outside"), file("inside"));
        let seen = std::cell::Cell::new(&outside);
        let effect = async |_: &AttemptResult| {
            let file = seen.replace(&inside);
            let exists = disk::exists(file);
            let _ = disk::remove(file);
            Some(exists)
        };
        let (from, to) = (outside.display().to_string(), inside.display().to_string());
        target.both("write", &from, &to, effect).await
    })
}
