//! Probe `repo`: checks on the repository itself (Git, hooks, configuration, schemas, templates, ledger, documents).

pub mod config;
pub mod documents;
pub mod git;
pub mod hooks;
pub mod ledger;
pub mod schemas;
pub mod templates;

use std::path::PathBuf;

use chrono::{DateTime, Utc};

use super::Check;
use super::check_result::CheckResult;
use crate::finding::Finding;
use crate::validation::open;
use crate::workspace::project::OpenError;
use crate::workspace::{Origin, Project};

/// Name of the target.
pub const TARGET: &str = "repository";

/// Target of the checks.
#[derive(Debug)]
pub struct Repository {
    /// Directory in which phx was started.
    pub cwd: PathBuf,
    /// Project that contains the directory, or the reason why it cannot be opened.
    pub project: Result<Project, ProjectProblem>,
    /// Time against which deadlines are compared.
    pub now: DateTime<Utc>,
}

/// Reason why a project cannot be opened.
#[derive(Clone, Debug)]
pub enum ProjectProblem {
    /// The configuration is not valid; one line per error.
    Configuration(Vec<String>),
    /// A schema of the repository is not valid, with the reason.
    Schema(String),
}

/// Function that runs a check.
pub type RepoCheck = fn(&Repository) -> CheckResult;

/// All checks of the probe.
pub const CHECKS: &[(&Check, RepoCheck)] = &[
    (&git::CHECK, git::run),
    (&config::CHECK, config::run),
    (&schemas::CHECK, schemas::run),
    (&templates::CHECK, templates::run),
    (&hooks::CHECK, hooks::run),
    (&ledger::CHECK, ledger::run),
    (&documents::CHECK, documents::run),
];

impl Repository {
    /// Opens the project that contains a directory.
    pub fn open(cwd: PathBuf, config: Option<&std::path::Path>, now: DateTime<Utc>) -> Self {
        let project = open::project(config, &Origin::Worktree).map_err(|error| match error {
            OpenError::Failure(failure) => ProjectProblem::Configuration(vec![failure.message]),
            OpenError::Schema(failure) => ProjectProblem::Schema(failure.message),
            OpenError::Mistakes(mistakes) => ProjectProblem::Configuration(mistakes.iter().map(line).collect()),
        });
        Self { cwd, project, now }
    }

    /// Returns the project, or an `error` result if it cannot be opened.
    fn opened(&self) -> Result<&Project, Box<CheckResult>> {
        let reason = |problem: &ProjectProblem| match problem {
            ProjectProblem::Configuration(_) => "inconclusive: the configuration is not valid",
            ProjectProblem::Schema(_) => "inconclusive: a schema is not valid",
        };
        self.project.as_ref().map_err(|problem| Box::new(CheckResult::error(reason(problem))))
    }
}

fn line(finding: &Finding) -> String {
    let help = if finding.help.is_empty() { String::new() } else { format!("; {}", finding.help) };
    format!("{}:{}: {}{help}", finding.path, finding.range.start.line, finding.message)
}
