//! Check `repo.git`: Git is installed and recent enough.

use super::Repository;
use crate::doctor::Check;
use crate::doctor::check_result::CheckResult;
use crate::doctor::record::Outcome;
use crate::system::git::git_dirs;

/// First version of Git that supports all options that phx uses.
const MIN_VERSION: (u32, u32) = (2, 31);

pub const CHECK: Check = Check {
    id: "repo.git",
    claim: "git is installed and recent enough",
    method: "Runs `git --version`. Fails if git cannot be started or is older than 2.31; skipped outside a repository.",
    side_effects: "nothing; reads files and runs git",
    risk: "",
    deadline_ms: 2_000,
};

pub fn run(repository: &Repository) -> CheckResult {
    if git_dirs::repository(&repository.cwd).is_none() {
        return CheckResult::skip("not a Git repository");
    }
    let needed = format!("{}.{}", MIN_VERSION.0, MIN_VERSION.1);
    match git_dirs::version() {
        Err(why) => CheckResult::new(Outcome::Fail, 1).detail(why).help("install git", &[]),
        Ok(version) => {
            let numbers: Vec<u32> = version.split('.').map_while(|part| part.parse().ok()).collect();
            let found = |outcome| {
                CheckResult::new(outcome, 1).observed("version", version.as_str()).expected("at_least", needed.as_str())
            };
            match numbers.as_slice() {
                [major, minor, ..] if (*major, *minor) >= MIN_VERSION => found(Outcome::Pass),
                [_, _, ..] => found(Outcome::Fail)
                    .detail(format!("git {version} is older than {needed}"))
                    .help("install a newer git", &[]),
                _ => CheckResult::error(format!("cannot parse the git version `{version}`")),
            }
        }
    }
}
