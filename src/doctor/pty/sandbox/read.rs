//! Whether a session can read what it must not.

use std::cell::RefCell;
use std::path::Path;

use uuid::Uuid;

use super::super::PtyTarget;
use super::{AttemptResult, each, folder};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult};
use crate::system::disk;

/// What stands in the file.
pub const MARK: &str = "phx was here, and you should not be";

fn write(path: &Path) -> Result<(), Box<CheckResult>> {
    disk::create(path, MARK.as_bytes())
        .map_err(|error| Box::new(CheckResult::error(format!("no file could be written: {error}"))))
}

/// The check.
pub const CHECK: Check = Check {
    id: "pty.sandbox.read",
    claim: "a session cannot read what it must not",
    method: "A file with a mark in it, or the one that is declared, is read. Passes where that works outside and inside does not work, or gives another file; an error where it does not work outside; skipped where `sandbox.deny` does not name `read`.",
    opens: "two sessions, and a file in a folder of phx's own",
    harm: "",
    deadline_ms: 40_000,
};

/// Looks.
pub fn run(target: PtyTarget) -> CheckFuture {
    each(target, "read", async |target, declared| {
        let folder = folder()?;
        let canary = folder.path().join("canary");
        write(&canary)?;
        let path = if declared.is_empty() { canary.display().to_string() } else { declared.clone() };
        let file = format!("{}:{path}", Uuid::now_v7().simple());
        // Of a file of its own it is known what was read; of another one, whether it is the same inside.
        let outside: RefCell<Option<String>> = RefCell::default();
        let effect = async |tried: &AttemptResult| {
            if declared.is_empty() {
                return Some(tried.got == "the mark");
            }
            let known = outside.borrow().clone();
            match known {
                Some(known) if tried.allowed => Some(tried.got == known),
                Some(_) => None,
                None => {
                    *outside.borrow_mut() = Some(tried.got.clone());
                    None
                }
            }
        };
        target.both("read", &file, &file, effect).await
    })
}
