//! Whether a session can write where it must not.

use std::path::Path;

use super::super::PtyTarget;
use super::{AttemptResult, each, folder};
use crate::doctor::Check;
use crate::doctor::check_result::CheckFuture;
use crate::system::disk;

/// The check.
pub const CHECK: Check = Check {
    id: "pty.sandbox.write",
    claim: "a session cannot write where it must not",
    method: "A new file is written in a folder of phx's own, or in the one that is declared. Passes where that works outside and has no effect inside; an error where it does not work outside; skipped where `sandbox.deny` does not name `write`.",
    opens: "two sessions, and a folder of phx's own",
    harm: "",
    deadline_ms: 40_000,
};

/// Looks.
pub fn run(target: PtyTarget) -> CheckFuture {
    each(target, "write", async |target, declared| {
        let folder = folder()?;
        let parent = if declared.is_empty() || declared == "{outside}" { folder.path() } else { Path::new(&declared) };
        let file = |name: &str| parent.join(format!("phx-doctor-{name}-{}", uuid::Uuid::now_v7().simple()));
        let (outside, inside) = (file("outside"), file("inside"));
        let seen = std::cell::Cell::new(&outside);
        let effect = async |_: &AttemptResult| {
            let file = seen.replace(&inside);
            let is_there = disk::exists(file);
            let _ = disk::remove(file);
            Some(is_there)
        };
        let (from, to) = (outside.display().to_string(), inside.display().to_string());
        target.both("write", &from, &to, effect).await
    })
}
