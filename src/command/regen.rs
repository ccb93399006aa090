//! `phx regen`: regenerates AUTO blocks from facts, or shows the changes.

mod staged;

use std::sync::{Mutex, PoisonError};

use super::session::Session;
use super::{findings, program};
use crate::cli::{ListFormat, RegenArgs};
use crate::failure::{CLEAN, FINDINGS, Failure};
use crate::regen::block_results::Rewritten;
use crate::regen::facts::Facts;
use crate::report::regen::{self as report, Options};
use crate::system::disk;
use crate::text::suggest;
use crate::workspace::measured::Measurements;
use crate::workspace::planned::{PlannedDocument, Planning};
use crate::workspace::rewrite::{Edited, Rewrite, RewriteMode, WriteAction, WriteOutcome};
use crate::workspace::visit::Visit;
use crate::workspace::{Project, Selection, Visited};

pub(super) fn run(session: &Session, arguments: &RegenArgs) -> Result<u8, Failure> {
    if arguments.staged {
        return staged::run(session, arguments.output);
    }
    let project = session.project()?;
    let measurements = Measurements::new(&project, session.now);
    let _turn = if arguments.check { None } else { project.turn()? };
    let (visit, done) = rewrite(&project, &measurements, arguments);
    let (documents, failures): (Vec<_>, Vec<_>) = done.into_iter().map(|done| (done.rewritten, done.failure)).unzip();
    let failures: Vec<Failure> = visit.failures.iter().cloned().chain(failures.into_iter().flatten()).collect();
    if failures.is_empty() {
        findings::ensure_documents_found(&visit, &arguments.paths, arguments.allow_empty)?;
        require_section(arguments.section.as_deref(), &documents)?;
    }
    let again = [(arguments.force, " --force"), (arguments.clean, " --clean")];
    let again: String = again.iter().filter(|(given, _)| *given).map(|(_, flag)| *flag).collect();
    let options = Options {
        check: arguments.check,
        again: &again,
        verbose: session.verbose,
        now: session.now,
        folder: &project.folder,
    };
    match arguments.output {
        ListFormat::Json => Session::print(&report::json(&documents, options))?,
        ListFormat::Text if arguments.check => Session::print(&report::diffs(&documents, session.color))?,
        ListFormat::Text => {}
    }
    for notice in
        visit.notices.iter().cloned().chain(measurements.notices()).chain(report::notices(&documents, options))
    {
        session.notice(&notice);
    }
    for problem in
        report::problems(&documents, &project.folder).into_iter().chain(failures.iter().map(ToString::to_string))
    {
        disk::write_stderr(&problem);
    }
    session.notice(&report::summary(&documents, options));
    let worst = failures.iter().map(Failure::exit_code).max();
    let found = documents.iter().any(Rewritten::is_finding);
    Ok(worst.unwrap_or(if found { FINDINGS } else { CLEAN }))
}

/// Plans every selected document and, without `--check`, writes it. Outcomes are sorted by path.
fn rewrite(project: &Project, measurements: &Measurements<'_>, arguments: &RegenArgs) -> (Visit, Vec<WriteOutcome>) {
    let measured = !arguments.check || arguments.measured;
    let planning = Planning {
        measurements: measured.then_some(measurements),
        ..Planning::of(Facts::new(&project.config, program::facts))
    };
    let rewrite = Rewrite {
        project,
        action: if arguments.clean { WriteAction::Clean } else { WriteAction::Render },
        mode: if arguments.check { RewriteMode::Check } else { RewriteMode::Write },
        edited: if arguments.force { Edited::Restore } else { Edited::Refuse },
        section: arguments.section.as_deref(),
    };
    let selection = match arguments.paths.as_slice() {
        [] => Selection::All,
        paths => Selection::Paths(paths.to_vec()),
    };
    let done = Mutex::new(Vec::new());
    let visit = project.visit_planned(selection, &planning, &|visited| {
        let stopped = |path: &str, why: String| WriteOutcome { rewritten: Rewritten::failed(path, why), failure: None };
        let one = match visited {
            PlannedDocument::Document(planned) => rewrite.document(planned),
            PlannedDocument::Other(Visited::Unreadable { path, why }) => {
                stopped(path, format!("the file cannot be read: {why}"))
            }
            PlannedDocument::Other(Visited::TooLarge { path }) => {
                stopped(path, "the file is larger than the size limit".to_owned())
            }
            PlannedDocument::Other(Visited::Document(_) | Visited::Ungoverned { .. }) => return,
        };
        done.lock().unwrap_or_else(PoisonError::into_inner).push(one);
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by(|a, b| a.rewritten.path.cmp(&b.rewritten.path));
    (visit, done)
}

/// Returns an error if no document has the AUTO block of `--section`.
fn require_section(section: Option<&str>, documents: &[Rewritten]) -> Result<(), Failure> {
    let Some(section) = section.filter(|_| documents.iter().all(|document| document.blocks.is_empty())) else {
        return Ok(());
    };
    let mut names: Vec<&str> =
        documents.iter().flat_map(|document| &document.other_blocks).map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    let near = suggest::did_you_mean(section, names.iter().copied());
    let failure = Failure::usage(format!("unknown AUTO block `{section}`{near}"));
    Err(if names.is_empty() { failure } else { failure.hint(format!("known AUTO blocks: `{}`", names.join("`, `"))) })
}
