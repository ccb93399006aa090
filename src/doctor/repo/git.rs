//! Whether git is there, and new enough for what phx asks of it.

use super::Repository;
use crate::doctor::Check;
use crate::doctor::found::Found;
use crate::doctor::record::Outcome;
use crate::system::git::place;

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
pub fn look(repository: &Repository) -> Found {
    if place::repository(&repository.cwd).is_none() {
        return Found::skip("this is no git repository");
    }
    let needed = format!("{}.{}", NEEDED.0, NEEDED.1);
    match place::version() {
        Err(why) => Found::new(Outcome::Fail, 1).detail(why).remedy("install git", &[]),
        Ok(said) => {
            let numbers: Vec<u32> = said.split('.').map_while(|part| part.parse().ok()).collect();
            let found = |outcome| {
                Found::new(outcome, 1).observed("version", said.as_str()).expected("at_least", needed.as_str())
            };
            match numbers.as_slice() {
                [major, minor, ..] if (*major, *minor) >= NEEDED => found(Outcome::Pass),
                [_, _, ..] => found(Outcome::Fail)
                    .detail(format!("git {said} is older than {needed}"))
                    .remedy("install a newer git", &[]),
                _ => Found::error(format!("git says that it is `{said}`, which is no version")),
            }
        }
    }
}
