//! The repository itself: git, the hooks, the configuration, schemas, templates, the ledger, the documents.

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

/// The name of the subject.
pub const TARGET: &str = "repository";

/// What the checks look at.
#[derive(Debug)]
pub struct Repository {
    /// The directory that phx was started in.
    pub cwd: PathBuf,
    /// The project around it, or why it cannot be opened.
    pub project: Result<Project, ProjectProblem>,
    /// The time.
    pub now: DateTime<Utc>,
}

/// Why a project cannot be opened.
#[derive(Clone, Debug)]
pub enum ProjectProblem {
    /// The mistakes of its configuration.
    Configuration(Vec<String>),
    /// A schema of its own is none: why.
    Schema(String),
}

/// How a check looks.
pub type RepoCheck = fn(&Repository) -> CheckResult;

/// Each check with what it does.
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
    /// Opens the project around a directory.
    pub fn open(cwd: PathBuf, config: Option<&std::path::Path>, now: DateTime<Utc>) -> Self {
        let project = open::project(config, &Origin::Worktree).map_err(|error| match error {
            OpenError::Failure(failure) => ProjectProblem::Configuration(vec![failure.message]),
            OpenError::Schema(failure) => ProjectProblem::Schema(failure.message),
            OpenError::Mistakes(mistakes) => ProjectProblem::Configuration(mistakes.iter().map(line).collect()),
        });
        Self { cwd, project, now }
    }

    /// The project, or a reason not to look any further.
    fn opened(&self) -> Result<&Project, Box<CheckResult>> {
        let why = |broken: &ProjectProblem| match broken {
            ProjectProblem::Configuration(_) => "the configuration cannot be used, so nothing else is known",
            ProjectProblem::Schema(_) => "a schema cannot be used, so nothing else is known",
        };
        self.project.as_ref().map_err(|broken| Box::new(CheckResult::error(why(broken))))
    }
}

fn line(finding: &Finding) -> String {
    let help = if finding.help.is_empty() { String::new() } else { format!("; {}", finding.help) };
    format!("{}:{}: {}{help}", finding.path, finding.range.start.line, finding.message)
}
