//! Whether every schema compiles.

use super::{ProjectProblem, Repository};
use crate::doctor::Check;
use crate::doctor::check_result::CheckResult;
use crate::doctor::record::Outcome;

/// The check.
pub const CHECK: Check = Check {
    id: "repo.schemas",
    claim: "every schema compiles, those of the repository too",
    method: "each schema that documents may be held against is compiled. Fails with the first reason of each that does not.",
    opens: "nothing; it reads files, and asks git",
    harm: "",
    deadline_ms: 5_000,
};

/// Looks.
pub fn run(repository: &Repository) -> CheckResult {
    if let Err(ProjectProblem::Schema(why)) = &repository.project {
        let found =
            CheckResult::new(Outcome::Fail, 1).observed("broken", 1).expected("broken", 0).evidence("broken", why);
        return found.detail(why).help("mend the schema in .phx/schemas", &["phx schema list"]);
    }
    let project = match repository.opened() {
        Ok(project) => project,
        Err(found) => return *found,
    };
    let compiled = project.catalog.compile_all();
    let wrong: Vec<String> = compiled.iter().filter_map(|(_, result)| result.clone().err()).collect();
    let found =
        CheckResult::pass(compiled.len() as u64).observed("schemas", compiled.len()).observed("broken", wrong.len());
    let Some(first) = wrong.first() else { return found };
    let found = wrong.iter().fold(found, |found, why| found.evidence("broken", why));
    CheckResult { outcome: Outcome::Fail, ..found }.detail(first).help("mend the schema", &["phx schema list"])
}
