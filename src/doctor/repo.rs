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
use super::found::Found;
use crate::examine::open;
use crate::finding::Finding;
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
    pub project: Result<Project, Broken>,
    /// The time.
    pub now: DateTime<Utc>,
}

/// Why a project cannot be opened.
#[derive(Clone, Debug)]
pub enum Broken {
    /// The mistakes of its configuration.
    Configuration(Vec<String>),
    /// A schema of its own is none: why.
    Schema(String),
}

/// How a check looks.
pub type Look = fn(&Repository) -> Found;

/// Each check with what it does.
pub const CHECKS: &[(&Check, Look)] = &[
    (&git::CHECK, git::look),
    (&config::CHECK, config::look),
    (&schemas::CHECK, schemas::look),
    (&templates::CHECK, templates::look),
    (&hooks::CHECK, hooks::look),
    (&ledger::CHECK, ledger::look),
    (&documents::CHECK, documents::look),
];

impl Repository {
    /// Opens the project around a directory.
    pub fn open(cwd: PathBuf, config: Option<&std::path::Path>, now: DateTime<Utc>) -> Self {
        let project = open::project(config, &Origin::Worktree).map_err(|error| match error {
            OpenError::Failure(failure) => Broken::Configuration(vec![failure.message]),
            OpenError::Schema(failure) => Broken::Schema(failure.message),
            OpenError::Mistakes(mistakes) => Broken::Configuration(mistakes.iter().map(line).collect()),
        });
        Self { cwd, project, now }
    }

    /// The project, or a reason not to look any further.
    fn opened(&self) -> Result<&Project, Box<Found>> {
        let why = |broken: &Broken| match broken {
            Broken::Configuration(_) => "the configuration cannot be used, so nothing else is known",
            Broken::Schema(_) => "a schema cannot be used, so nothing else is known",
        };
        self.project.as_ref().map_err(|broken| Box::new(Found::error(why(broken))))
    }
}

fn line(finding: &Finding) -> String {
    let help = if finding.help.is_empty() { String::new() } else { format!("; {}", finding.help) };
    format!("{}:{}: {}{help}", finding.path, finding.range.start.line, finding.message)
}
