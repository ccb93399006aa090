//! Sign-off records and stamps of a review.

use super::super::session::Session;
use super::Target;
use crate::cli::ReviewArgs;
use crate::failure::Failure;
use crate::ledger::{self, Record, RecordedDocument};
use crate::system::git::git_dirs::GitDirs;
use crate::system::git::history;
use crate::system::{disk, environment, inside};
use crate::validation::Validator;
use crate::workspace::Project;
use crate::workspace::restage::Restaged;

/// Creates the sign-off record of a review.
///
/// # Errors
/// Returns an error if neither Git nor `USER` names the reviewer.
pub(super) fn record(
    session: &Session,
    validator: &Validator<'_>,
    arguments: &ReviewArgs,
    targets: &[Target],
) -> Result<Record, Failure> {
    let actor = history::actor(&validator.project.root).or_else(|| environment::variable("USER")).ok_or_else(|| {
        Failure::usage("the name of the reviewer is unknown")
            .hint("run `git config user.name \"…\"` and `git config user.email \"…\"`")
    })?;
    let entry = |(document, sections): &Target| {
        let last = validator.last_review(document);
        RecordedDocument::of(&document.path, &validator.sign_off(document, sections, last.as_ref()))
    };
    Ok(Record {
        id: ledger::new_id(session.now),
        at: session.now,
        actor,
        operation: "review".to_owned(),
        note: arguments.note.clone(),
        documents: targets.iter().map(entry).collect(),
    })
}

/// Writes the record first and then the documents, because a record without its stamp is harmless.
pub(super) fn write(project: &Project, record: &Record, stamped: &[Restaged], staged: bool) -> Result<(), Failure> {
    let below = ledger::file_of(&record.id.to_string()).unwrap_or_default();
    let file = project.base.join(&below);
    let text = record.text();
    if staged {
        let git_dirs = GitDirs::find(&project.root).ok_or_else(|| Failure::usage("not in a Git repository"))?;
        let refused = |why: String| {
            Failure::usage(format!("nothing was staged: {why}"))
                .hint("review the worktree without `--staged`, then run `git add`")
        };
        let one = |one: &Restaged| {
            project.prepare_write(one).map_err(|why| refused(format!("`{}`: {why}", one.document.path)))
        };
        let mut prepare_write = stamped.iter().map(one).collect::<Result<Vec<_>, _>>()?;
        prepare_write.push(project.prepare_new_file(&project.inside(&below), text.as_bytes()).map_err(refused)?);
        return project.restage(&git_dirs, &prepare_write).map(drop).map_err(refused);
    }
    let created = inside::require(&project.root, &file).and_then(|()| disk::create(&file, text.as_bytes()));
    created.map_err(|error| {
        Failure::internal(format!(
            "cannot write the record `{below}`: {}; no document was stamped",
            disk::explain(&error)
        ))
    })?;
    let texts: Vec<_> = stamped.iter().map(|one| (one.document.as_ref(), one.text.as_str())).collect();
    project.write_all(&texts).inspect_err(|_| {
        // Documents are written in order. If the first has no stamp, none has, and the record can be removed.
        if let Some(first) = stamped.first()
            && project.store.read(&first.document.path).is_ok_and(|now| now.as_deref() != Some(first.text.as_bytes()))
        {
            let _ = disk::remove(&file);
        }
    })
}
