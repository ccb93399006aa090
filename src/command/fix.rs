//! `phx validate --fix` and `--diff`: verifies the fixes of findings, and applies or prints them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use super::session::Session;
use crate::document::Document;
use crate::failure::{CLEAN, FINDINGS, Failure};
use crate::regen::{diff, fixes, proof};
use crate::text::Edits;
use crate::validation::Validator;
use crate::workspace::Selection;

/// Maximum number of rounds. A fix that overlaps another fix is applied in the next round.
const ROUNDS: usize = 32;

/// Documents with fixes, their edits and the resulting texts, sorted by path.
type Fixed = Vec<(Arc<Document>, Edits, String)>;

/// Applies fixes until none remain. Returns one failure per document that could not be written.
pub(super) fn apply(
    session: &Session,
    validator: &Validator<'_>,
    selection: &Selection,
) -> Result<Vec<Failure>, Failure> {
    if matches!(selection, Selection::Bytes { .. }) {
        return Err(Failure::usage("`--fix` cannot write standard input").hint("use `--diff` to print the fixes"));
    }
    let _turn = validator.project.turn()?;
    let mut fixed_paths: BTreeSet<String> = BTreeSet::new();
    let mut failed: BTreeMap<String, Failure> = BTreeMap::new();
    for _ in 0..ROUNDS {
        let (fixed, refused) = verified_fixes(validator, selection.clone());
        for (path, failure) in refused {
            failed.entry(path).or_insert(failure);
        }
        let mut is_last = true;
        for (document, _, text) in fixed {
            if failed.contains_key(&document.path) {
                continue;
            }
            is_last = false;
            match validator.project.write(&document, &text) {
                Ok(()) => drop(fixed_paths.insert(document.path.clone())),
                Err(failure) => drop(failed.insert(document.path.clone(), failure)),
            }
        }
        if is_last {
            break;
        }
    }
    if !fixed_paths.is_empty() {
        let plural = if fixed_paths.len() == 1 { "" } else { "s" };
        session.notice(&format!("fixed {} document{plural}", fixed_paths.len()));
    }
    Ok(failed.into_values().collect())
}

/// Prints the fixes as a unified diff.
pub(super) fn show(session: &Session, validator: &Validator<'_>, selection: Selection) -> Result<u8, Failure> {
    let (fixed, refused) = verified_fixes(validator, selection);
    let diffs: String = fixed.iter().map(|(document, edits, _)| diff::unified(document, edits, &|_| None)).collect();
    Session::print(&crate::report::regen::colored(&diffs, session.color))?;
    match refused.into_values().next() {
        Some(failure) => Err(failure),
        None => Ok(if fixed.is_empty() { CLEAN } else { FINDINGS }),
    }
}

/// Returns the fixes of one round, and failures by path for documents in which a fix would change more than it
/// declares.
fn verified_fixes(validator: &Validator<'_>, selection: Selection) -> (Fixed, BTreeMap<String, Failure>) {
    let found: Mutex<(Fixed, BTreeMap<String, Failure>)> = Mutex::default();
    validator.each(selection, &|document, findings| {
        let edits = fixes::edits(&findings);
        if let Some(document) = document.filter(|_| !edits.is_empty()) {
            let text = edits.apply(&document.text);
            let after = validator.project.parse_again(document, &text);
            let result = proof::fixes(document, &after, &edits);
            let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
            match result {
                Ok(()) => found.0.push((Arc::clone(document), edits, text)),
                Err(why) => {
                    let message = format!("a fix for `{}` is invalid: {why}; the file was not changed", document.path);
                    let failure = Failure::internal(message).hint("report this as a bug and attach the document");
                    found.1.insert(document.path.clone(), failure);
                }
            }
        }
    });
    let (mut fixed, refused) = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    fixed.sort_by(|a, b| a.0.path.cmp(&b.0.path));
    (fixed, refused)
}
