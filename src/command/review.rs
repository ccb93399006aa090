//! `phx review`: a person vouches for documents, on record.

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

/// One document and the sections of it that are looked at.
type Target = (Arc<Document>, BTreeSet<String>);

/// Runs the command.
pub fn run(session: &Session, arguments: &ReviewArgs) -> Result<u8, Failure> {
    let project = if arguments.staged { session.project_from(&Origin::Index)? } else { session.project()? };
    let judge = RuleRunner::default();
    let validator = Validator::new(&project, &judge, session.now, program::facts);
    let targets = targets(&project, &arguments.targets)?;
    // Who vouches without being asked need not be shown what for.
    let shown = if arguments.yes && session.is_quiet() { &[][..] } else { &targets };
    for (document, sections) in shown {
        Session::print(&report::text(
            &project.folder.shown(&document.path),
            &validator.since(document, sections),
            session.color,
        ))?;
    }
    if !arguments.yes && !asked(targets.len())? {
        session.notice("nothing was written");
        return Ok(FINDINGS);
    }
    let _turn = if arguments.staged { None } else { project.turn()? };
    let record = write::record(session, &validator, arguments, &targets)?;
    let mut stamped = Vec::new();
    for (document, sections) in targets {
        let stamp = validator.stamp(&document, record.id, sections);
        let edits = stamp.edits(&document).map_err(|key| {
            Failure::usage(format!("`{}` has no `{key}` that can be stamped", document.path))
                .hint(format!("add `{key}: …` to the front matter; `phx schema show governance` describes its value"))
        })?;
        let text = project.proved_stamp(&document, &edits)?;
        stamped.push(Restaged { document, edits, text, stamp: Some(stamp) });
    }
    write::write(&project, &record, &stamped, arguments.staged)?;
    let file = project.inside(&ledger::file_of(&record.id.to_string()).unwrap_or_default());
    for one in &stamped {
        let due = one.stamp.as_ref().map(|stamp| written(stamp.due)).unwrap_or_default();
        session.notice(&format!("reviewed {}; it is due {due} now", project.folder.shown(&one.document.path)));
    }
    if !arguments.staged {
        let paths: Vec<_> = stamped.iter().map(|one| project.folder.quoted(&one.document.path)).collect();
        session.notice(&format!(
            "the record belongs to the commit: `git add {} {}`",
            project.folder.quoted(&file),
            paths.join(" ")
        ));
    }
    Ok(CLEAN)
}

/// Loads the documents that the targets name; the same document twice is one.
fn targets(project: &Project, named: &[String]) -> Result<Vec<Target>, Failure> {
    let mut targets: Vec<Target> = Vec::new();
    for name in named {
        let (file, section) = match name.rsplit_once('#') {
            Some((file, section)) if !disk::exists(Path::new(name)) => (file, Some(section)),
            _ => (name.as_str(), None),
        };
        let path = paths::relative(&project.root, &paths::absolute(&project.cwd, Path::new(file)));
        let document = project.load_path(&path).ok_or_else(|| {
            Failure::usage(format!("`{file}` is no governed document")).hint("`phx status` lists those that are")
        })?;
        if let Some(syntax_error) = document.syntax_errors.first() {
            let place = format!(
                "`{path}` cannot be stamped: line {}: {}",
                document.line(syntax_error.span.start),
                syntax_error.message
            );
            return Err(Failure::usage(place)
                .hint(format!("mend that first; `phx validate {}` says how", project.folder.quoted(&path))));
        }
        let sections = Validator::sections_of(&document, section, &project.folder)?;
        match targets.iter_mut().find(|(known, _)| known.path == document.path) {
            Some((_, known)) => known.extend(sections),
            None => targets.push((document, sections)),
        }
    }
    Ok(targets)
}

fn asked(documents: usize) -> Result<bool, Failure> {
    if !environment::stdin_is_terminal() {
        return Err(Failure::usage("there is no terminal to ask on").hint("`--yes` vouches without asking"));
    }
    let what = if documents == 1 { "this document".to_owned() } else { format!("these {documents} documents") };
    let answer = disk::ask(&format!("Do you vouch for {what} as shown and as it stands? [y/N] "));
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
