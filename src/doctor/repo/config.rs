//! Whether the configuration can be used.

use super::{ProjectProblem, Repository};
use crate::doctor::Check;
use crate::doctor::check_result::CheckResult;
use crate::doctor::record::Outcome;

/// The check.
pub const CHECK: Check = Check {
    id: "repo.config",
    claim: "the configuration says only what phx understands",
    method: "phx.toml is read as every command reads it. Fails with each mistake and its place.",
    opens: "nothing; it reads files, and asks git",
    harm: "",
    deadline_ms: 2_000,
};

/// Looks.
pub fn run(repository: &Repository) -> CheckResult {
    match &repository.project {
        Ok(project) => {
            let file = if project.config_file.text.is_empty() { "none" } else { project.config_file.path.as_str() };
            CheckResult::pass(1).observed("file", file)
        }
        Err(ProjectProblem::Schema(_)) => CheckResult::error("a schema cannot be used, so nothing else is known"),
        Err(ProjectProblem::Configuration(mistakes)) => {
            let found = CheckResult::new(Outcome::Fail, 1).observed("mistakes", mistakes.len()).expected("mistakes", 0);
            let found = mistakes.iter().fold(found, |found, mistake| found.evidence("mistake", mistake));
            let first = mistakes.first().cloned().unwrap_or_default();
            found.detail(first).help("mend what it names", &["phx schema show phx.toml"])
        }
    }
}
