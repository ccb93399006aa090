//! `phx validate --fix` and `--diff`: the fixes that findings carry, proved and written, or shown.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use super::session::Session;
use crate::document::Document;
use crate::examine::Examiner;
use crate::failure::{CLEAN, FINDINGS, Failure};
use crate::regen::{diff, fixes, proof};
use crate::text::Edits;
use crate::workspace::Selection;

/// How often fixes are looked for: one that touches the place of another waits for the next round.
const ROUNDS: usize = 32;

/// Each document that has a fix, with the edits and what they make of it, sorted by path.
type Fixed = Vec<(Arc<Document>, Edits, String)>;

/// Applies fixes until there are none; what could not be written is returned.
pub fn apply(session: &Session, examiner: &Examiner<'_>, selection: &Selection) -> Result<Vec<Failure>, Failure> {
    if matches!(selection, Selection::Bytes { .. }) {
        return Err(Failure::usage("standard input cannot be mended in its place").hint("`--diff` shows the fixes"));
    }
    let mut mended: BTreeSet<String> = BTreeSet::new();
    for _ in 0..ROUNDS {
        let fixed = proved(examiner, selection.clone())?;
        if fixed.is_empty() {
            break;
        }
        let mut failures = Vec::new();
        for (document, _, text) in &fixed {
            match examiner.project.write(document, text) {
                Ok(()) => drop(mended.insert(document.path.clone())),
                Err(failure) => failures.push(failure),
            }
        }
        if !failures.is_empty() {
            return Ok(failures);
        }
    }
    if !mended.is_empty() {
        let plural = if mended.len() == 1 { "" } else { "s" };
        session.notice(&format!("mended {} document{plural}", mended.len()));
    }
    Ok(Vec::new())
}

/// Prints what the fixes would change.
pub fn show(session: &Session, examiner: &Examiner<'_>, selection: Selection) -> Result<u8, Failure> {
    let fixed = proved(examiner, selection)?;
    let diffs: String = fixed.iter().map(|(document, edits, _)| diff::unified(document, edits, &|_| None)).collect();
    Session::print(&crate::report::regen::colored(&diffs, session.color))?;
    Ok(if fixed.is_empty() { CLEAN } else { FINDINGS })
}

/// The fixes of one round; each result parses to the same document but for what was mended.
fn proved(examiner: &Examiner<'_>, selection: Selection) -> Result<Fixed, Failure> {
    let found = Mutex::new(Vec::new());
    examiner.each(selection, &|document, findings| {
        let edits = fixes::edits(&findings);
        if let Some(document) = document.filter(|_| !edits.is_empty()) {
            let text = edits.apply(&document.text);
            let after = examiner.project.parse_again(document, &text);
            let result = proof::fixes(document, &after, &edits).map(|()| (Arc::clone(document), edits, text));
            let result = result.map_err(|why| {
                Failure::internal(format!("a fix would harm `{}`: {why}; nothing was written", document.path))
                    .hint("please report this, with the document")
            });
            found.lock().unwrap_or_else(PoisonError::into_inner).push(result);
        }
    });
    let mut fixed: Fixed =
        found.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().collect::<Result<_, _>>()?;
    fixed.sort_by(|a, b| a.0.path.cmp(&b.0.path));
    Ok(fixed)
}
