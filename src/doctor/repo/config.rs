//! Whether the configuration can be used.

use super::{Broken, Repository};
use crate::doctor::Check;
use crate::doctor::found::Found;
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
pub fn look(repository: &Repository) -> Found {
    match &repository.project {
        Ok(project) => {
            let file = if project.config_file.text.is_empty() { "none" } else { project.config_file.path.as_str() };
            Found::pass(1).observed("file", file)
        }
        Err(Broken::Schema(_)) => Found::error("a schema cannot be used, so nothing else is known"),
        Err(Broken::Configuration(mistakes)) => {
            let found = Found::new(Outcome::Fail, 1).observed("mistakes", mistakes.len()).expected("mistakes", 0);
            let found = mistakes.iter().fold(found, |found, mistake| found.evidence("mistake", mistake));
            let first = mistakes.first().cloned().unwrap_or_default();
            found.detail(first).remedy("mend what it names", &["phx schema show phx.toml"])
        }
    }
}
