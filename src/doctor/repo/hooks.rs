//! Check `repo.hooks`: the Git hooks are installed and unchanged.

use super::Repository;
use crate::doctor::Check;
use crate::doctor::check_result::CheckResult;
use crate::doctor::record::Outcome;
use crate::hooks::Hook;
use crate::hooks::install::{HookState, HooksFolder};
use crate::system::git::git_dirs;
use crate::text::shell;

pub const CHECK: Check = Check {
    id: "repo.hooks",
    claim: "the Git hooks are installed, unchanged and not bypassed",
    method: "Asks git for the hooks folder (including `core.hooksPath`) and compares each hook with the one that phx writes. Fails \
             if a hook was changed or starts a missing program; warns if a hook is missing or was not installed by phx.",
    side_effects: "nothing; reads files and runs git",
    risk: "",
    deadline_ms: 2_000,
};

pub fn run(repository: &Repository) -> CheckResult {
    if git_dirs::worktree(&repository.cwd).is_none() {
        return CheckResult::skip("not a Git repository with a worktree");
    }
    let folder = match HooksFolder::find() {
        Ok(folder) => folder,
        Err(failure) => return CheckResult::error(failure.message),
    };
    let mut worst = Outcome::Pass;
    let mut found = CheckResult::pass(Hook::USUAL.len() as u64).observed("folder", folder.path.display().to_string());
    let mut problems = Vec::new();
    for hook in Hook::USUAL {
        let (word, outcome) = match folder.state(*hook) {
            HookState::Installed { .. } => ("installed", Outcome::Pass),
            HookState::Missing => ("missing", Outcome::Warn),
            HookState::Foreign => ("not installed by phx", Outcome::Warn),
            HookState::Changed => ("changed", Outcome::Fail),
            HookState::ProgramMissing(_) => ("starts a missing program", Outcome::Fail),
        };
        worst = worst.max(outcome);
        found = found.observed(hook.name(), word).expected(hook.name(), "installed");
        if outcome != Outcome::Pass {
            let verb = if matches!(folder.state(*hook), HookState::ProgramMissing(_)) { "" } else { "is " };
            problems.push(format!("{} {verb}{word}", hook.name()));
        }
    }
    found.outcome = worst;
    if problems.is_empty() {
        return found;
    }
    let changed = Hook::USUAL.iter().filter(|hook| folder.state(**hook) == HookState::Changed);
    let removals: Vec<String> =
        changed.map(|hook| format!("rm {}", shell::quoted(&folder.path.join(hook.name()).to_string_lossy()))).collect();
    let mut commands: Vec<&str> = removals.iter().map(String::as_str).collect();
    commands.push("phx hook install");
    let help = if removals.is_empty() {
        "install the hooks; an existing hook of another program runs first"
    } else {
        "a hook installed by phx was changed; move your changes to another file, remove the hook and install it again"
    };
    found.detail(problems.join(", ")).help(help, &commands)
}
