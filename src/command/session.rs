//! State shared by all commands: current time, output streams and the project.

use std::path::PathBuf;

use chrono::{DateTime, Utc};

use crate::cli::{ColorChoice, Global};
use crate::document::values;
use crate::failure::Failure;
use crate::report::{Color, text};
use crate::system::{clock, disk, environment};
use crate::text::{Folder, fit, printable};
use crate::validation::open;
use crate::workspace::project::OpenError;
use crate::workspace::{Origin, Project};

/// Global options of one run.
#[derive(Debug)]
pub(super) struct Session {
    /// Current time for all rules and stamps.
    pub now: DateTime<Utc>,
    pub color: Color,
    /// Whether `-v` was passed.
    pub verbose: bool,
    /// Whether `-vv` was passed.
    names_files: bool,
    quiet: bool,
    stderr_color: Color,
    /// Argument of `--config`.
    pub config: Option<PathBuf>,
}

impl Session {
    /// Evaluates the global options and changes to the directory of `-C`.
    ///
    /// # Errors
    /// Returns an error if the directory cannot be entered or the time is not valid.
    pub(super) fn new(global: &Global) -> Result<Self, Failure> {
        if let Some(directory) = &global.directory {
            disk::change_directory(directory).map_err(|error| {
                Failure::usage(format!("cannot change to `{}`: {}", directory.display(), disk::explain(&error)))
            })?;
        }
        Ok(Self {
            now: now(global.now.as_deref())?,
            color: color(global.color, environment::stdout_is_terminal()),
            stderr_color: color(global.color, environment::stderr_is_terminal()),
            verbose: global.verbose > 0,
            names_files: global.verbose > 1,
            quiet: global.quiet,
            config: global.config.clone(),
        })
    }

    /// Opens the project in the worktree. Prints findings in its configuration to standard error.
    ///
    /// # Errors
    /// Returns an error if the project cannot be opened or the repository is bare.
    pub(super) fn project(&self) -> Result<Project, Failure> {
        let project = self.project_from(&Origin::Worktree)?;
        if project.is_bare() {
            return Err(Failure::usage("the repository is bare and has no worktree")
                .hint("run `phx validate --rev HEAD` to validate the documents of a revision")
                .hint("run `git clone` or `git worktree add` to create a worktree"));
        }
        Ok(project)
    }

    /// Opens the project in the worktree, the index or a revision. Prints findings in its configuration to standard
    /// error.
    pub(super) fn project_from(&self, origin: &Origin) -> Result<Project, Failure> {
        let project = open::project(self.config.as_deref(), origin).map_err(|error| match error {
            OpenError::Failure(failure) | OpenError::Schema(failure) => failure,
            OpenError::Mistakes(mistakes) => self.configuration_failure(&mistakes),
        })?;
        if self.names_files {
            let config = if project.config_file.text.is_empty() { "none" } else { &project.config_file.path };
            self.notice(&format!("root {}, configuration {config}", project.root.display()));
            for path in project.overlaid() {
                self.notice(&format!("read {path}"));
            }
        }
        Ok(project)
    }

    fn configuration_failure(&self, mistakes: &[crate::finding::Finding]) -> Failure {
        for mistake in mistakes {
            disk::write_stderr(&text::finding(mistake, &Folder::default(), self.stderr_color));
        }
        Failure::usage("the configuration is not valid").hint("run `phx schema show phx.toml` to print its schema")
    }

    /// Returns true if `-q` was passed.
    pub(super) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Prints a line to standard error, except with `-q`.
    pub(super) fn notice(&self, message: &str) {
        if !self.quiet {
            disk::write_stderr(&printable::line(message));
        }
    }

    /// Prints text to standard output. If it is a terminal, wraps the text to its width.
    pub(super) fn show(text: &str) -> Result<(), Failure> {
        match environment::stdout_width() {
            Some(width) => Self::print(&fit::fit(text, width)),
            None => Self::print(text),
        }
    }

    /// Prints text to standard output unchanged.
    pub(super) fn print(text: &str) -> Result<(), Failure> {
        disk::write_stdout(text.as_bytes())
            .map_err(|error| Failure::internal(format!("cannot write to standard output: {error}")))
    }
}

fn now(given: Option<&str>) -> Result<DateTime<Utc>, Failure> {
    let read = |name: &str, text: &str| {
        let problem = values::timestamp_problem(text);
        let what = problem.map_or_else(String::new, |problem| format!("{}; {}", problem.what, problem.help));
        values::timestamp(text).ok_or_else(|| Failure::usage(format!("`{text}` in {name} {what}")))
    };
    if let Some(text) = given {
        return read("--now", text);
    }
    if let Some(text) = environment::variable("PHX_NOW") {
        return read("PHX_NOW", &text);
    }
    if let Some(text) = environment::variable("SOURCE_DATE_EPOCH") {
        let seconds = text.parse().ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
        return seconds
            .ok_or_else(|| Failure::usage(format!("`{text}` in SOURCE_DATE_EPOCH is not a valid number of seconds")));
    }
    Ok(clock::now())
}

/// Decides whether to use colors: by the option, `NO_COLOR`, `FORCE_COLOR` and the terminal, in this order.
fn color(choice: ColorChoice, terminal: bool) -> Color {
    let wanted = match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto if environment::variable("NO_COLOR").is_some() => false,
        ColorChoice::Auto => match environment::variable("FORCE_COLOR") {
            Some(force) => force != "0",
            None => terminal && environment::variable("TERM").is_none_or(|term| term != "dumb"),
        },
    };
    if wanted { Color::Ansi } else { Color::Plain }
}
