//! Check `pty.sandbox.allowed`: a session can do everything that `sandbox.allow` lists.

use std::path::Path;

use super::super::PtyTarget;
use super::folder;
use super::victim::Victim;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::system::disk;

pub const CHECK: Check = Check {
    id: "pty.sandbox.allowed",
    claim: "a session can do everything that `sandbox.allow` lists",
    method: "Tries each entry of `sandbox.allow` inside, such as `write:{workdir}` or `read:/etc/hosts`. Fails if one \
             is denied. Skipped if `sandbox.allow` is empty.",
    side_effects: "one session for each entry of sandbox.allow",
    risk: "",
    deadline_ms: 40_000,
};

pub fn run(target: PtyTarget) -> CheckFuture {
    boxed(check(target))
}

async fn check(target: PtyTarget) -> CheckVerdict {
    let allow = target.pty.sandbox.clone().unwrap_or_default().allow;
    if allow.is_empty() {
        return CheckResult::skip("`sandbox.allow` is empty").stop();
    }
    let mut denied = Vec::new();
    for text in &allow {
        let (name, argument) = text.split_once(':').unwrap_or((text, ""));
        let is_folder = name == "write" && disk::is_directory(Path::new(argument));
        let file = Path::new(argument).join(format!("phx-doctor-{}", uuid::Uuid::now_v7().simple()));
        let (victim, temporary) = (Victim::start()?, folder()?);
        let argument = match name {
            _ if is_folder => file.display().to_string(),
            "nproc" | "memory" | "cpu" => super::argument(name, argument)?,
            "signal" | "proc" | "ptrace" => victim.id(),
            "mount" => temporary.path().display().to_string(),
            "read" | "write" | "net" if argument.is_empty() => {
                let why = format!("`{name}` in `sandbox.allow` has no argument");
                return CheckResult::error(why).help(format!("write `{name}:ARGUMENT`"), &[]).stop();
            }
            // The hash of the content is not compared, so the salt is arbitrary.
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
    let result = match denied.first() {
        None => CheckResult::pass(seen),
        Some(_) => CheckResult::fail(seen, format!("denied in the sandbox: {}", denied.join(", ")))
            .help("allow it in the sandbox, or remove it from `sandbox.allow`", &[]),
    };
    Ok(result.observed("denied", denied.len()).expected("denied", 0))
}
