//! Whether a session can read what it must not.

use std::path::Path;

use super::super::Site;
use super::{Tried, each, folder};
use crate::doctor::Check;
use crate::doctor::found::{Found, Looking};
use crate::system::disk;

/// What stands in the file.
pub const MARK: &str = "phx was here, and you should not be";

fn write(path: &Path) -> Result<(), Box<Found>> {
    disk::create(path, MARK.as_bytes())
        .map_err(|error| Box::new(Found::error(format!("no file could be written: {error}"))))
}

/// The check.
pub const CHECK: Check = Check {
    id: "pty.sandbox.read",
    claim: "a session cannot read what it must not",
    method: "A file with a mark in it, or the one that is declared, is read. Passes where that works outside and has no effect inside; an error where it does not work outside; skipped where `sandbox.deny` does not name `read`.",
    opens: "two sessions, and a file in a folder of phx's own",
    harm: "",
    deadline_ms: 40_000,
};

/// Looks.
pub fn look(site: Site) -> Looking {
    each(site, "read", async |site, declared| {
        let folder = folder()?;
        let canary = folder.path().join("canary");
        write(&canary)?;
        let path = if declared.is_empty() { canary.display().to_string() } else { declared.clone() };
        // Of a file of its own it is known what was read.
        let effect = async |tried: &Tried| declared.is_empty().then(|| tried.got == "the mark");
        site.both("read", &path, &path, effect).await
    })
}
