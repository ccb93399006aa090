//! `phx doctor`: what a document says of a system, verified from outside. A check proves one thing on one subject and says
//! how it knows; one that proved nothing is never green.

pub mod record;
pub mod repo;
pub mod run;

pub use record::{Outcome, Record, Remedy};

/// What a check proves, known without running it.
#[derive(Debug)]
pub struct Check {
    /// Its id, as `repo.hooks`: the probe, then what it looks at.
    pub id: &'static str,
    /// What is true where it passes.
    pub claim: &'static str,
    /// How it finds out, and what it calls a failure.
    pub method: &'static str,
    /// How long it may take, in milliseconds.
    pub deadline_ms: u64,
}

/// All checks, by id. A new one is one line here and a file beside its probe.
pub const CHECKS: &[&Check] = &[
    &repo::config::CHECK,
    &repo::documents::CHECK,
    &repo::git::CHECK,
    &repo::hooks::CHECK,
    &repo::ledger::CHECK,
    &repo::schemas::CHECK,
    &repo::templates::CHECK,
];

/// Whether an id is one that a glob means: `*` stands for anything, dots too.
pub fn is_meant(glob: &str, id: &str) -> bool {
    match glob.split_once('*') {
        None => glob == id,
        Some((start, rest)) => {
            let Some(behind) = id.strip_prefix(start) else { return false };
            (0..=behind.len()).any(|at| behind.is_char_boundary(at) && is_meant(rest, &behind[at..]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_are_sorted_and_stand_in_the_list_once() {
        let ids: Vec<&str> = CHECKS.iter().map(|check| check.id).collect();
        let mut sorted = ids.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(ids, sorted);
    }

    #[test]
    fn a_star_stands_for_anything() {
        assert!(is_meant("repo.*", "repo.git") && is_meant("*", "repo.git") && is_meant("*.g*t", "repo.git"));
        assert!(!is_meant("repo", "repo.git") && !is_meant("ws.*", "repo.git"));
    }
}
