//! Helpers for commands that report findings: output formats, failing severities and the exit code.

use std::path::{Path, PathBuf};

use super::session::Session;
use crate::cli::FailOn;
use crate::config::Enforcement;
use crate::failure::{CLEAN, FINDINGS, Failure};
use crate::finding::{Finding, Severity};
use crate::report::{Color, FORMATS, Format, Report, RuleInfo};
use crate::rules::{RULES, Rule};
use crate::system::disk;
use crate::text::{Folder, suggest};
use crate::workspace::visit::Visit;

/// Builds the report of a validation run.
pub(super) fn report<'a>(
    session: &Session,
    folder: &'a Folder,
    visit: &'a Visit,
    findings: &'a [Finding],
) -> Report<'a> {
    Report {
        documents: visit.corpus.entries.iter().map(|entry| entry.path.as_str()).collect(),
        ignored: visit.corpus.ignored,
        ..plain(session, folder, findings)
    }
}

/// Builds a report of findings only, without a list of documents.
pub(super) fn plain<'a>(session: &Session, folder: &'a Folder, findings: &'a [Finding]) -> Report<'a> {
    let rule =
        |rule: &&Rule| RuleInfo { slug: rule.slug, severity: rule.severity, summary: rule.summary, page: rule.page };
    let rules = RULES.iter().map(rule).collect();
    Report { now: session.now, documents: Vec::new(), ignored: 0, findings, rules, failing: &[Severity::Error], folder }
}

/// Format and output file; standard output if there is no file.
pub(super) type Output<R> = ((&'static str, R), Option<PathBuf>);

/// Parses `FORMAT[=FILE]` options for a report of findings.
pub(super) fn outputs(given: &[String]) -> Result<Vec<(Format, Option<PathBuf>)>, Failure> {
    outputs_of(FORMATS, given)
}

/// Parses `FORMAT[=FILE]` options with the given formats. Without options, returns the first format for standard
/// output.
pub(super) fn outputs_of<R: Copy>(formats: &[(&'static str, R)], given: &[String]) -> Result<Vec<Output<R>>, Failure> {
    let read = |text: &String| -> Result<Output<R>, Failure> {
        let (name, file) = match text.split_once('=') {
            Some((name, file)) if !file.is_empty() => (name, Some(PathBuf::from(file))),
            Some(_) => return Err(Failure::usage(format!("missing file name in `-o {text}`"))),
            None => (text.as_str(), None),
        };
        let format = formats.iter().find(|(known, _)| *known == name);
        let names: Vec<&str> = formats.iter().map(|(name, _)| *name).collect();
        let near = suggest::did_you_mean(name, names.iter().copied());
        let unknown = || {
            Failure::usage(format!("unknown format `{name}`{near}"))
                .hint(format!("known formats: {}", names.join(", ")))
        };
        Ok((*format.ok_or_else(unknown)?, file))
    };
    let outputs: Vec<Output<R>> = given.iter().map(read).collect::<Result<_, _>>()?;
    if outputs.iter().filter(|(_, file)| file.is_none()).count() > 1 {
        return Err(Failure::usage("several formats for standard output")
            .hint("write one to a file, for example with `-o json=phx.json`"));
    }
    let mut files: Vec<&PathBuf> = outputs.iter().filter_map(|(_, file)| file.as_ref()).collect();
    files.sort();
    if let Some(pair) = files.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(Failure::usage(format!("several formats for `{}`", pair[0].display()))
            .hint("write each format to a separate file"));
    }
    if outputs.is_empty() {
        return Ok(vec![(formats[0], None)]);
    }
    Ok(outputs)
}

/// Writes a report to each output.
pub(super) fn print(
    session: &Session,
    report: &Report<'_>,
    outputs: &[(Format, Option<PathBuf>)],
) -> Result<(), Failure> {
    print_each(outputs, &|render, color| render(report, color), session.color)
}

/// Renders each format and writes it to its output.
pub(super) fn print_each<R: Copy>(
    outputs: &[Output<R>],
    rendered: &dyn Fn(R, Color) -> String,
    color: Color,
) -> Result<(), Failure> {
    for ((name, render), file) in outputs {
        match file {
            None if *name == "text" => Session::show(&rendered(*render, color))?,
            None => Session::print(&rendered(*render, color))?,
            Some(file) => disk::replace(file, rendered(*render, Color::Plain).as_bytes()).map_err(|error| {
                Failure::usage(format!("cannot write `{}`: {}", file.display(), disk::explain(&error)))
            })?,
        }
    }
    Ok(())
}

/// Returns the severities that fail a run. `fail_on` takes precedence over the configuration.
pub(super) fn failing(fail_on: Option<FailOn>, enforcement: Enforcement) -> &'static [Severity] {
    match (fail_on, enforcement) {
        (Some(FailOn::Warning), _) | (None, Enforcement::Strict) => &[Severity::Error, Severity::Warning],
        (Some(FailOn::Error), _) | (None, Enforcement::Standard) => &[Severity::Error],
        (None, Enforcement::Advisory) => &[],
    }
}

/// Returns the exit code of a validation run.
pub(super) fn exit_code(report: &Report<'_>) -> u8 {
    let is_failure = report.findings.iter().any(|finding| report.failing.contains(&finding.severity));
    if is_failure { FINDINGS } else { CLEAN }
}

/// Returns an error if no governed document was found, unless `allowed` is set or a file or standard input was named.
pub(super) fn ensure_documents_found(visit: &Visit, named: &[PathBuf], allowed: bool) -> Result<(), Failure> {
    let files = named.iter().any(|path| !disk::is_directory(path) || path == Path::new("-"));
    if !visit.corpus.entries.is_empty() || allowed || files {
        return Ok(());
    }
    let skipped = visit.notices.first().map(|notice| format!(": {notice}")).unwrap_or_default();
    Err(Failure::nothing(format!("no governed documents found{skipped}"))
        .hint("run `phx new KIND` to create a document, or pass `--allow-empty`"))
}
