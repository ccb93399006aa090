//! Whether what must work in a sandbox works.

use std::path::Path;

use super::super::PtyTarget;
use super::folder;
use super::victim::Victim;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::system::disk;

/// The check.
pub const CHECK: Check = Check {
    id: "pty.sandbox.allowed",
    claim: "a session can do what it must be able to do",
    method: "Each of `sandbox.allow` is tried inside, as `write:{workdir}` or `read:/etc/hosts`. Fails where one is denied; skipped where none \
             is named.",
    opens: "a session for each of sandbox.allow",
    harm: "",
    deadline_ms: 40_000,
};

/// Looks.
pub fn run(target: PtyTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: PtyTarget) -> CheckVerdict {
    let allow = target.pty.sandbox.clone().unwrap_or_default().allow;
    if allow.is_empty() {
        return CheckResult::skip("`sandbox.allow` names nothing").stop();
    }
    let mut denied = Vec::new();
    for text in &allow {
        let (name, argument) = text.split_once(':').unwrap_or((text, ""));
        let is_folder = name == "write" && disk::is_directory(Path::new(argument));
        let file = Path::new(argument).join(format!("phx-doctor-{}", uuid::Uuid::now_v7().simple()));
        let (victim, own) = (Victim::start()?, folder()?);
        let argument = match name {
            _ if is_folder => file.display().to_string(),
            "nproc" | "memory" | "cpu" => super::argument(name, argument)?,
            "signal" | "proc" | "ptrace" => victim.id(),
            "mount" => own.path().display().to_string(),
            "read" | "write" | "net" if argument.is_empty() => {
                let why = format!("`sandbox.allow` names `{name}` and not what");
                return CheckResult::error(why).help(format!("write it as `{name}:…`"), &[]).stop();
            }
            // What is read is compared with nothing, so any salt will do.
            "read" => format!("allowed:{argument}"),
            _ => argument.to_owned(),
        };
        let tried = target.attempt(name, &argument).await?;
        if is_folder {
            let _ = disk::remove(&file);
        }
        if !tried.allowed {
            denied.push(format!("{text}: {}", tried.got));
        }
    }
    let seen = allow.len() as u64;
    let found = match denied.first() {
        None => CheckResult::pass(seen),
        Some(_) => {
            CheckResult::fail(seen, format!("denied is {}", denied.join(", "))).help("allow it in the sandbox", &[])
        }
    };
    Ok(found.observed("denied", denied.len()).expected("denied", 0))
}
