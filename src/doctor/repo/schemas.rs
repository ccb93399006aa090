//! Check `repo.schemas`: every schema compiles.

use super::{ProjectProblem, Repository};
use crate::doctor::Check;
use crate::doctor::check_result::CheckResult;
use crate::doctor::record::Outcome;

pub const CHECK: Check = Check {
    id: "repo.schemas",
    claim: "every schema compiles, including those of the repository",
    method: "Compiles each schema that documents may be validated against. Fails with the first error of each schema.",
    side_effects: "nothing; reads files and runs git",
    risk: "",
    deadline_ms: 5_000,
};

pub fn run(repository: &Repository) -> CheckResult {
    if let Err(ProjectProblem::Schema(why)) = &repository.project {
        let found =
            CheckResult::new(Outcome::Fail, 1).observed("broken", 1).expected("broken", 0).evidence("broken", why);
        return found.detail(why).help("fix the schema in .phx/schemas", &["phx schema list"]);
    }
    let project = match repository.opened() {
        Ok(project) => project,
        Err(found) => return *found,
    };
    let compiled = project.catalog.compile_all();
    let errors: Vec<String> = compiled.iter().filter_map(|(_, result)| result.clone().err()).collect();
    let found =
        CheckResult::pass(compiled.len() as u64).observed("schemas", compiled.len()).observed("broken", errors.len());
    let Some(first) = errors.first() else { return found };
    let found = errors.iter().fold(found, |found, why| found.evidence("broken", why));
    CheckResult { outcome: Outcome::Fail, ..found }.detail(first).help("fix the schema", &["phx schema list"])
}
