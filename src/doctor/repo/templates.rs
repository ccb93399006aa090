//! Check `repo.templates`: every section template compiles.

use super::Repository;
use crate::doctor::Check;
use crate::doctor::check_result::CheckResult;
use crate::doctor::record::Outcome;

pub const CHECK: Check = Check {
    id: "repo.templates",
    claim: "every section template compiles, including those of the repository",
    method: "Compiles each template like `phx regen`. Fails with the file and line of each error.",
    side_effects: "nothing; reads files and runs git",
    risk: "",
    deadline_ms: 5_000,
};

pub fn run(repository: &Repository) -> CheckResult {
    let project = match repository.opened() {
        Ok(project) => project,
        Err(found) => return *found,
    };
    let (count, errors) = project.library.compile_all();
    let found = CheckResult::pass(count as u64).observed("templates", count).observed("broken", errors.len());
    let Some(first) = errors.first() else { return found };
    let found = errors.iter().fold(found, |found, error| found.evidence("broken", error.to_string()));
    CheckResult { outcome: Outcome::Fail, ..found }
        .detail(first.to_string())
        .help("fix the template at the reported line", &[])
}
