//! `phx validate --fix` and `--diff`: the fixes that findings carry, proved and written, or shown.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use super::session::Session;
use crate::document::Document;
use crate::failure::{CLEAN, FINDINGS, Failure};
use crate::regen::{diff, fixes, proof};
use crate::text::Edits;
use crate::validation::Validator;
use crate::workspace::Selection;

/// How often fixes are looked for: one that touches the place of another waits for the next round.
const ROUNDS: usize = 32;

/// Each document that has a fix, with the edits and what they make of it, sorted by path.
type Fixed = Vec<(Arc<Document>, Edits, String)>;

/// Applies fixes until there are none; the documents that could not be written are returned.
pub fn apply(session: &Session, validator: &Validator<'_>, selection: &Selection) -> Result<Vec<Failure>, Failure> {
    if matches!(selection, Selection::Bytes { .. }) {
        return Err(Failure::usage("standard input cannot be mended in its place").hint("`--diff` shows the fixes"));
    }
    let _turn = validator.project.turn()?;
    let mut mended: BTreeSet<String> = BTreeSet::new();
    let mut failed: BTreeMap<String, Failure> = BTreeMap::new();
    for _ in 0..ROUNDS {
        let (fixed, refused) = proved(validator, selection.clone());
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
                Ok(()) => drop(mended.insert(document.path.clone())),
                Err(failure) => drop(failed.insert(document.path.clone(), failure)),
            }
        }
        if is_last {
            break;
        }
    }
    if !mended.is_empty() {
        let plural = if mended.len() == 1 { "" } else { "s" };
        session.notice(&format!("mended {} document{plural}", mended.len()));
    }
    Ok(failed.into_values().collect())
}

/// Prints what the fixes would change.
pub fn show(session: &Session, validator: &Validator<'_>, selection: Selection) -> Result<u8, Failure> {
    let (fixed, refused) = proved(validator, selection);
    let diffs: String = fixed.iter().map(|(document, edits, _)| diff::unified(document, edits, &|_| None)).collect();
    Session::print(&crate::report::regen::colored(&diffs, session.color))?;
    match refused.into_values().next() {
        Some(failure) => Err(failure),
        None => Ok(if fixed.is_empty() { CLEAN } else { FINDINGS }),
    }
}

/// The fixes of one round, and the failures, by path, of documents in which a fix would change something else.
fn proved(validator: &Validator<'_>, selection: Selection) -> (Fixed, BTreeMap<String, Failure>) {
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
                    let message = format!("a fix would harm `{}`: {why}; the file is unchanged", document.path);
                    let failure = Failure::internal(message).hint("please report this, with the document");
                    found.1.insert(document.path.clone(), failure);
                }
            }
        }
    });
    let (mut fixed, refused) = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    fixed.sort_by(|a, b| a.0.path.cmp(&b.0.path));
    (fixed, refused)
}
