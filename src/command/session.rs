//! What all commands share: the clock, the streams, the project.

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

/// One run of phx.
#[derive(Debug)]
pub struct Session {
    /// The time that everything uses.
    pub now: DateTime<Utc>,
    /// Whether standard output may have colours.
    pub color: Color,
    /// Whether to say what is being done.
    pub verbose: bool,
    /// Whether to name the files that were read, too.
    names_files: bool,
    quiet: bool,
    stderr_color: Color,
    /// The configuration that the user named.
    pub config: Option<PathBuf>,
}

impl Session {
    /// Reads the global options, and goes to the directory that `-C` names.
    ///
    /// # Errors
    /// Where the directory is none, or the time is none.
    pub fn new(global: &Global) -> Result<Self, Failure> {
        if let Some(directory) = &global.directory {
            disk::change_directory(directory).map_err(|error| {
                Failure::usage(format!("cannot go to `{}`: {}", directory.display(), disk::explain(&error)))
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

    /// Opens the project of the worktree; mistakes in its configuration are printed.
    ///
    /// # Errors
    /// Where it cannot be opened, or the repository has no worktree.
    pub fn project(&self) -> Result<Project, Failure> {
        let project = self.project_from(&Origin::Worktree)?;
        if project.is_bare() {
            return Err(Failure::usage("this repository is bare: it has no worktree with documents")
                .hint("`phx validate --rev HEAD` checks the documents of a revision")
                .hint("`git clone` or `git worktree add` makes a worktree"));
        }
        Ok(project)
    }

    /// Opens the project as the worktree, the index or a revision has it.
    ///
    /// # Errors
    /// Where it cannot be opened.
    pub fn project_from(&self, origin: &Origin) -> Result<Project, Failure> {
        let project = open::project(self.config.as_deref(), origin).map_err(|error| match error {
            OpenError::Failure(failure) | OpenError::Schema(failure) => failure,
            OpenError::Mistakes(mistakes) => self.mistaken(&mistakes),
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

    fn mistaken(&self, mistakes: &[crate::finding::Finding]) -> Failure {
        for mistake in mistakes {
            disk::write_stderr(&text::finding(mistake, &Folder::default(), self.stderr_color));
        }
        Failure::usage("the configuration cannot be used").hint("`phx schema show phx.toml` prints what it may hold")
    }

    /// Whether to say nothing but results.
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Says something on standard error, unless asked to be quiet.
    pub fn notice(&self, message: &str) {
        if !self.quiet {
            disk::write_stderr(&printable::line(message));
        }
    }

    /// Prints text for people on standard output; on a terminal it is fitted to its width.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn show(text: &str) -> Result<(), Failure> {
        match environment::stdout_width() {
            Some(width) => Self::print(&fit::fit(text, width)),
            None => Self::print(text),
        }
    }

    /// Prints on standard output.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn print(text: &str) -> Result<(), Failure> {
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
        return seconds.ok_or_else(|| Failure::usage(format!("`{text}` in SOURCE_DATE_EPOCH is no number of seconds")));
    }
    Ok(clock::now())
}

/// Whether to use colours, by the option, `NO_COLOR` and `FORCE_COLOR`, in this order.
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
