//! `phx review`: shows changes since the last review, and signs documents off with a record.

mod write;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::program;
use super::session::Session;
use crate::cli::ReviewArgs;
use crate::corpus::stamp::written;
use crate::document::Document;
use crate::failure::{CLEAN, FINDINGS, Failure};
use crate::ledger;
use crate::report::review as report;
use crate::rules::RuleRunner;
use crate::system::{disk, environment};
use crate::validation::Validator;
use crate::workspace::restage::Restaged;
use crate::workspace::{Origin, Project, paths};

/// Document and the sections of it under review.
type Target = (Arc<Document>, BTreeSet<String>);

pub(super) fn run(session: &Session, arguments: &ReviewArgs) -> Result<u8, Failure> {
    let project = if arguments.staged { session.project_from(&Origin::Index)? } else { session.project()? };
    let rule_runner = RuleRunner::default();
    let validator = Validator::new(&project, &rule_runner, session.now, program::facts);
    let targets = targets(&project, &arguments.targets)?;
    // With `--yes --quiet`, the changes are not shown.
    let shown = if arguments.yes && session.is_quiet() { &[][..] } else { &targets };
    for (document, sections) in shown {
        Session::print(&report::text(
            &project.folder.display_path(&document.path),
            &validator.since(document, sections),
            session.color,
        ))?;
    }
    if !arguments.yes && !is_confirmed(targets.len())? {
        session.notice("not signed off; nothing was written");
        return Ok(FINDINGS);
    }
    let _turn = if arguments.staged { None } else { project.turn()? };
    let record = write::record(session, &validator, arguments, &targets)?;
    let mut stamped = Vec::new();
    for (document, sections) in targets {
        let stamp = validator.stamp(&document, record.id, sections);
        let edits = stamp.edits(&document).map_err(|key| {
            Failure::usage(format!("`{}` has no valid `{key}` to stamp", document.path))
                .hint(format!("set `{key}: …` in the front matter; run `phx schema show governance` for its format"))
        })?;
        let text = project.apply_stamp_verified(&document, &edits)?;
        stamped.push(Restaged { document, edits, text, stamp: Some(stamp) });
    }
    write::write(&project, &record, &stamped, arguments.staged)?;
    let file = project.inside(&ledger::file_of(&record.id.to_string()).unwrap_or_default());
    for one in &stamped {
        let due = one.stamp.as_ref().map(|stamp| written(stamp.due)).unwrap_or_default();
        session.notice(&format!("signed off {}; new deadline {due}", project.folder.display_path(&one.document.path)));
    }
    if !arguments.staged {
        let paths: Vec<_> = stamped.iter().map(|one| project.folder.quoted(&one.document.path)).collect();
        session.notice(&format!(
            "commit the record with the documents: `git add {} {}`",
            project.folder.quoted(&file),
            paths.join(" ")
        ));
    }
    Ok(CLEAN)
}

/// Loads the targets and merges targets of the same document.
fn targets(project: &Project, named: &[String]) -> Result<Vec<Target>, Failure> {
    let mut targets: Vec<Target> = Vec::new();
    for name in named {
        let (file, section) = match name.rsplit_once('#') {
            Some((file, section)) if !disk::exists(Path::new(name)) => (file, Some(section)),
            _ => (name.as_str(), None),
        };
        let path = paths::relative(&project.root, &paths::absolute(&project.cwd, Path::new(file)));
        let document = project.load_path(&path).ok_or_else(|| {
            Failure::usage(format!("`{file}` is not a governed document"))
                .hint("run `phx status` to list governed documents")
        })?;
        if let Some(syntax_error) = document.syntax_errors.first() {
            let message = format!(
                "cannot stamp `{path}`: line {}: {}",
                document.line(syntax_error.span.start),
                syntax_error.message
            );
            return Err(Failure::usage(message)
                .hint(format!("fix this first; run `phx validate {}` for details", project.folder.quoted(&path))));
        }
        let sections = Validator::sections_of(&document, section, &project.folder)?;
        match targets.iter_mut().find(|(known, _)| known.path == document.path) {
            Some((_, known)) => known.extend(sections),
            None => targets.push((document, sections)),
        }
    }
    Ok(targets)
}

fn is_confirmed(documents: usize) -> Result<bool, Failure> {
    if !environment::stdin_is_terminal() {
        return Err(Failure::usage("standard input is not a terminal").hint("pass `--yes` to sign off without asking"));
    }
    let what = if documents == 1 { "this document".to_owned() } else { format!("these {documents} documents") };
    let answer = disk::ask(&format!("Sign off {what} as shown? [y/N] "));
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
