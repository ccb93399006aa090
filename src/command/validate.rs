//! `phx validate`: validates documents against schemas and rules.

use std::path::{Path, PathBuf};

use super::session::Session;
use super::{findings, fix, program};
use crate::cli::ValidateArgs;
use crate::config::Level;
use crate::failure::Failure;
use crate::finding::{self, Finding, Severity};
use crate::report::Report;
use crate::rules::{Levels, RULES, Rule, RuleRunner, Whole, find};
use crate::system::disk;
use crate::system::git::git_dirs::GitDirs;
use crate::system::git::objects::{self, Change};
use crate::text::suggest;
use crate::validation::change::{ChangeContext, Stale};
use crate::validation::{Comparison, Validator};
use crate::workspace::{Origin, Project, Selection, paths};

pub(super) fn run(session: &Session, arguments: &ValidateArgs) -> Result<u8, Failure> {
    let outputs = findings::outputs(&arguments.output)?;
    let command_line = command_line(arguments)?;
    let project = match origin(arguments) {
        Origin::Worktree => session.project()?,
        origin => session.project_from(&origin)?,
    };
    let rule_runner = RuleRunner::new(Levels::new(&project.config, &command_line));
    let mut validator = Validator::new(&project, &rule_runner, session.now, program::facts);
    validator.config.clone_from(&session.config);
    let selection =
        if arguments.staged { staged(&validator, &arguments.paths)? } else { selection(arguments, &project)? };
    if arguments.staged || arguments.since.is_some() || arguments.rev.is_some() {
        validator.comparison = Comparison::Change;
    }
    if let Some(revision) = project.store.revision() {
        validator.before = format!("{revision}^");
    } else if let Some(since) = &arguments.since {
        validator.before = objects::merge_base(&project.root, since).map_err(Failure::usage)?;
    }
    if arguments.diff {
        return fix::show(session, &validator, selection);
    }
    let mut failures = Vec::new();
    if arguments.fix {
        failures = fix::apply(session, &validator, &selection)?;
    }
    let whole = matches!(selection, Selection::All);
    let (visit, mut found) = validator.documents(selection);
    found.extend(validator.lost(&changes(arguments, &validator)?));
    if whole {
        found.extend(rule_runner.whole(&Whole {
            corpus: &visit.corpus,
            config: &project.config,
            config_source: project.config_file.source(),
            catalog: &project.catalog,
        }));
    }
    finding::sort(&mut found);
    let failing = findings::failing(arguments.fail_on, project.config.enforcement);
    let report = Report { failing, ..findings::report(session, &project.folder, &visit, &found) };
    for notice in &visit.notices {
        session.notice(notice);
    }
    if session.verbose {
        for entry in &visit.corpus.entries {
            session.notice(&format!("governed {} ({})", entry.path, entry.kind));
        }
    }
    session.notice(&format!("{} governed, {} ignored", report.documents.len(), report.ignored));
    if arguments.statistics {
        Session::print(&report.statistics())?;
    } else {
        findings::print(session, &report, &outputs)?;
    }
    failures.extend(visit.failures.iter().cloned());
    for failure in &failures {
        disk::write_stderr(&failure.to_string());
    }
    if let Some(code) = failures.iter().map(Failure::exit_code).max() {
        return Ok(code);
    }
    let is_hint = |finding: &Finding| finding.rule == "lost-governance" && finding.severity == Severity::Warning;
    let nothing_validated = found.iter().all(is_hint);
    if nothing_validated && !arguments.staged && arguments.since.is_none() {
        findings::ensure_documents_found(&visit, &arguments.paths, arguments.allow_empty)?;
    }
    Ok(findings::exit_code(&report))
}

/// Returns the paths that differ from the state before the validated change; empty without `--rev`, `--staged` or
/// `--since`.
fn changes(arguments: &ValidateArgs, validator: &Validator<'_>) -> Result<Vec<Change>, Failure> {
    let project = validator.project;
    let found = match project.store.revision() {
        // The first commit has no parent.
        Some(revision) => match objects::commit(&project.root, &validator.before) {
            Ok(before) => objects::between(&project.root, &before, revision),
            Err(_) => Ok(Vec::new()),
        },
        None if arguments.staged => Ok(project.store.changes().to_vec()),
        None if arguments.since.is_some() => objects::changed_since(&project.root, &validator.before),
        None => Ok(Vec::new()),
    };
    found.map_err(|why| Failure::usage(format!("cannot list changed files: {why}")))
}

/// Returns the tree that documents are read from.
fn origin(arguments: &ValidateArgs) -> Origin {
    match &arguments.rev {
        Some(revision) => Origin::Revision(revision.clone()),
        None if arguments.staged => Origin::Index,
        None => Origin::Worktree,
    }
}

/// Returns the documents that the arguments select.
fn selection(arguments: &ValidateArgs, project: &Project) -> Result<Selection, Failure> {
    if let Some(since) = &arguments.since {
        let paths = objects::since(&project.root, since)
            .map_err(|why| Failure::usage(format!("cannot list changed files: {why}")))?;
        return Ok(Selection::Changed { paths, places: arguments.paths.clone() });
    }
    let stdin = arguments.paths.iter().any(|path| path == Path::new("-"));
    match (&arguments.stdin_filename, stdin) {
        (Some(name), true) if arguments.paths.len() == 1 => {
            let bytes = disk::read_stdin()
                .map_err(|error| Failure::usage(format!("cannot read standard input: {}", disk::explain(&error))))?;
            Ok(Selection::Bytes { name: name.clone(), bytes })
        }
        (None, false) if arguments.paths.is_empty() => Ok(Selection::All),
        (None, false) => Ok(Selection::Paths(arguments.paths.clone())),
        (None, true) => Err(Failure::usage("`-` requires `--stdin-filename`").hint("add `--stdin-filename PATH`")),
        (Some(_), _) => Err(Failure::usage("`--stdin-filename` requires `-` as the only path")),
    }
}

/// Returns staged documents, and documents with facts that the staged changes affect, below the given paths.
fn staged(validator: &Validator<'_>, paths_to_validate: &[PathBuf]) -> Result<Selection, Failure> {
    let project = validator.project;
    let git_folder = GitDirs::find(&project.root).map(|git_dirs| git_dirs.common);
    let mut document_index = project.document_index("HEAD", git_folder.as_deref())?;
    let changes = project.store.changes();
    let step = ChangeContext { before: "HEAD", changes, own: None, stale: Stale::Touched };
    let folders: Vec<PathBuf> = paths_to_validate.iter().map(|path| paths::absolute(&project.cwd, path)).collect();
    let is_selected = |path: &String| {
        let file = project.root.join(path);
        file.starts_with(&project.base) && (folders.is_empty() || folders.iter().any(|folder| file.starts_with(folder)))
    };
    Ok(Selection::Known(validator.scope(step, &mut document_index).direct.into_iter().filter(is_selected).collect()))
}

fn command_line(arguments: &ValidateArgs) -> Result<Vec<(&'static Rule, Level)>, Failure> {
    let sets = [(&arguments.allow, Level::Off), (&arguments.warn, Level::Warning), (&arguments.deny, Level::Error)];
    let mut levels = Vec::new();
    for (slugs, level) in sets {
        for slug in slugs {
            let near = suggest::did_you_mean(slug, RULES.iter().map(|rule| rule.slug));
            let unknown =
                || Failure::usage(format!("unknown rule `{slug}`{near}")).hint("run `phx rules` to list the rules");
            levels.push((find(slug).ok_or_else(unknown)?, level));
        }
    }
    Ok(levels)
}
