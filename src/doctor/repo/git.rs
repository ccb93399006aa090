//! Whether git is there, and new enough for what phx asks of it.

use super::Repository;
use crate::doctor::Check;
use crate::doctor::check_result::CheckResult;
use crate::doctor::record::Outcome;
use crate::system::git::git_dirs;

/// The first version that knows all that phx asks.
const NEEDED: (u32, u32) = (2, 31);

/// The check.
pub const CHECK: Check = Check {
    id: "repo.git",
    claim: "git is there, and new enough",
    method: "git is asked for its version. Fails before 2.31, and where git cannot be started; skipped outside a repository.",
    opens: "nothing; it reads files, and asks git",
    harm: "",
    deadline_ms: 2_000,
};

/// Looks.
pub fn run(repository: &Repository) -> CheckResult {
    if git_dirs::repository(&repository.cwd).is_none() {
        return CheckResult::skip("this is no git repository");
    }
    let needed = format!("{}.{}", NEEDED.0, NEEDED.1);
    match git_dirs::version() {
        Err(why) => CheckResult::new(Outcome::Fail, 1).detail(why).help("install git", &[]),
        Ok(said) => {
            let numbers: Vec<u32> = said.split('.').map_while(|part| part.parse().ok()).collect();
            let found = |outcome| {
                CheckResult::new(outcome, 1).observed("version", said.as_str()).expected("at_least", needed.as_str())
            };
            match numbers.as_slice() {
                [major, minor, ..] if (*major, *minor) >= NEEDED => found(Outcome::Pass),
                [_, _, ..] => found(Outcome::Fail)
                    .detail(format!("git {said} is older than {needed}"))
                    .help("install a newer git", &[]),
                _ => CheckResult::error(format!("git says that it is `{said}`, which is no version")),
            }
        }
    }
}
