//! Check `repo.config`: the configuration is valid.

use super::{ProjectProblem, Repository};
use crate::doctor::Check;
use crate::doctor::check_result::CheckResult;
use crate::doctor::record::Outcome;

pub const CHECK: Check = Check {
    id: "repo.config",
    claim: "the configuration is valid",
    method: "Reads phx.toml like every command. Fails with each error and its location.",
    side_effects: "nothing; reads files and runs git",
    risk: "",
    deadline_ms: 2_000,
};

pub fn run(repository: &Repository) -> CheckResult {
    match &repository.project {
        Ok(project) => {
            let file = if project.config_file.text.is_empty() { "none" } else { project.config_file.path.as_str() };
            CheckResult::pass(1).observed("file", file)
        }
        Err(ProjectProblem::Schema(_)) => CheckResult::error("inconclusive: a schema is not valid"),
        Err(ProjectProblem::Configuration(mistakes)) => {
            let found = CheckResult::new(Outcome::Fail, 1).observed("mistakes", mistakes.len()).expected("mistakes", 0);
            let found = mistakes.iter().fold(found, |found, mistake| found.evidence("mistake", mistake));
            let first = mistakes.first().cloned().unwrap_or_default();
            found.detail(first).help("fix the reported errors", &["phx schema show phx.toml"])
        }
    }
}
