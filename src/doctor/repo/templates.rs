//! Whether every section template compiles.

use super::Repository;
use crate::doctor::Check;
use crate::doctor::check_result::CheckResult;
use crate::doctor::record::Outcome;

/// The check.
pub const CHECK: Check = Check {
    id: "repo.templates",
    claim: "every section template compiles, those of the repository too",
    method: "each template is compiled as `phx regen` compiles it. Fails with file and line of each that does not.",
    opens: "nothing; it reads files, and asks git",
    harm: "",
    deadline_ms: 5_000,
};

/// Looks.
pub fn run(repository: &Repository) -> CheckResult {
    let project = match repository.opened() {
        Ok(project) => project,
        Err(found) => return *found,
    };
    let (count, wrong) = project.library.compile_all();
    let found = CheckResult::pass(count as u64).observed("templates", count).observed("broken", wrong.len());
    let Some(first) = wrong.first() else { return found };
    let found = wrong.iter().fold(found, |found, error| found.evidence("broken", error.to_string()));
    CheckResult { outcome: Outcome::Fail, ..found }
        .detail(first.to_string())
        .help("mend the template at that line", &[])
}
