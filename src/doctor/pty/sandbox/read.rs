//! Check `pty.sandbox.read`: a session cannot read denied files.

use std::cell::RefCell;
use std::path::Path;

use uuid::Uuid;

use super::super::PtyTarget;
use super::{AttemptResult, each, folder};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult};
use crate::system::disk;

/// Content of the file that must not be readable.
pub const MARK: &str = "phx doctor mark: a session must not be able to read this file";

fn write(path: &Path) -> Result<(), Box<CheckResult>> {
    disk::create(path, MARK.as_bytes())
        .map_err(|error| Box::new(CheckResult::error(format!("cannot write a file: {error}"))))
}

pub const CHECK: Check = Check {
    id: "pty.sandbox.read",
    claim: "a session cannot read denied files",
    method: "Reads a file that contains a mark, or the configured file. Passes if this works outside the sandbox (the \
             control), and inside it fails or reads another file. Inconclusive if it does not work outside. Skipped if \
             `sandbox.deny` does not list `read`.",
    side_effects: "two sessions, and a file in a temporary folder",
    risk: "",
    deadline_ms: 40_000,
};

pub fn run(target: PtyTarget) -> CheckFuture {
    each(target, "read", async |target, declared| {
        let folder = folder()?;
        let canary = folder.path().join("canary");
        write(&canary)?;
        let path = if declared.is_empty() { canary.display().to_string() } else { declared.clone() };
        let file = format!("{}:{path}", Uuid::now_v7().simple());
        // For the own file, the content is known. For the configured file, the salted hashes outside and inside are
        // compared.
        let outside: RefCell<Option<String>> = RefCell::default();
        let effect = async |tried: &AttemptResult| {
            if declared.is_empty() {
                return Some(tried.got == "the mark");
            }
            let read_outside = outside.borrow().clone();
            match read_outside {
                Some(expected) if tried.allowed => Some(tried.got == expected),
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
