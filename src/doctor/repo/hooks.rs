//! Whether the hooks are where git looks for them, and as phx wrote them.

use super::Repository;
use crate::doctor::Check;
use crate::doctor::check_result::CheckResult;
use crate::doctor::record::Outcome;
use crate::hooks::Hook;
use crate::hooks::install::{HookState, HooksFolder};
use crate::system::git::git_dirs;
use crate::text::shell;

/// The check.
pub const CHECK: Check = Check {
    id: "repo.hooks",
    claim: "the git hooks are installed, unchanged, and not bypassed",
    method: "git is asked where it looks for hooks (`core.hooksPath` too), and each hook there is compared with what phx writes. \
             Fails where one was changed or starts a program that is gone; warns where one is missing or another's.",
    opens: "nothing; it reads files, and asks git",
    harm: "",
    deadline_ms: 2_000,
};

/// Looks.
pub fn run(repository: &Repository) -> CheckResult {
    if git_dirs::worktree(&repository.cwd).is_none() {
        return CheckResult::skip("this is no git repository with a worktree");
    }
    let folder = match HooksFolder::find() {
        Ok(folder) => folder,
        Err(failure) => return CheckResult::error(failure.message),
    };
    let mut worst = Outcome::Pass;
    let mut found = CheckResult::pass(Hook::USUAL.len() as u64).observed("folder", folder.path.display().to_string());
    let mut wrong = Vec::new();
    for hook in Hook::USUAL {
        let (word, outcome) = match folder.state(*hook) {
            HookState::Installed { .. } => ("installed", Outcome::Pass),
            HookState::Missing => ("missing", Outcome::Warn),
            HookState::Foreign => ("another's", Outcome::Warn),
            HookState::Changed => ("changed", Outcome::Fail),
            HookState::ProgramMissing(_) => ("starts a program that is gone", Outcome::Fail),
        };
        worst = worst.max(outcome);
        found = found.observed(hook.name(), word).expected(hook.name(), "installed");
        if outcome != Outcome::Pass {
            let verb = if matches!(folder.state(*hook), HookState::ProgramMissing(_)) { "" } else { "is " };
            wrong.push(format!("{} {verb}{word}", hook.name()));
        }
    }
    found.outcome = worst;
    if wrong.is_empty() {
        return found;
    }
    let changed = Hook::USUAL.iter().filter(|hook| folder.state(**hook) == HookState::Changed);
    let removals: Vec<String> =
        changed.map(|hook| format!("rm {}", shell::quoted(&folder.path.join(hook.name()).to_string_lossy()))).collect();
    let mut commands: Vec<&str> = removals.iter().map(String::as_str).collect();
    commands.push("phx hook install");
    let help = if removals.is_empty() {
        "install them; a hook of another program runs first"
    } else {
        "somebody changed a hook that phx installed: move what you need of it elsewhere, remove it, and install it again"
    };
    found.detail(wrong.join(", ")).help(help, &commands)
}
