//! Check `repo.documents`: no document is past its deadline.

use std::sync::{Mutex, PoisonError};

use super::Repository;
use crate::doctor::Check;
use crate::doctor::check_result::CheckResult;
use crate::doctor::record::Outcome;
use crate::text::duration;
use crate::workspace::{Selection, Visited};

/// Number of stale documents listed as evidence.
const NAMED: usize = 5;

pub const CHECK: Check = Check {
    id: "repo.documents",
    claim: "no document is past its deadline",
    method: "Reads every governed document and compares its deadline with the current time. Fails with the stale documents, oldest \
             first; skipped if no document is governed.",
    side_effects: "nothing; reads files and runs git",
    risk: "",
    deadline_ms: 60_000,
};

pub fn run(repository: &Repository) -> CheckResult {
    let project = match repository.opened() {
        Ok(project) => project,
        Err(found) => return *found,
    };
    let seen = Mutex::new(Vec::new());
    project.visit(Selection::All, &|visited| {
        if let Visited::Document(document) = visited {
            let due = document.governance.update_required_by.as_ref().map(|due| due.value);
            seen.lock().unwrap_or_else(PoisonError::into_inner).push((due, document.path.clone()));
        }
    });
    let mut seen = seen.into_inner().unwrap_or_else(PoisonError::into_inner);
    if seen.is_empty() {
        return CheckResult::skip("no governed documents found; run `phx new KIND` to create one");
    }
    seen.sort();
    let stale: Vec<_> =
        seen.iter().filter_map(|(due, path)| due.filter(|due| *due < repository.now).map(|due| (due, path))).collect();
    let found = CheckResult::pass(seen.len() as u64)
        .observed("documents", seen.len())
        .observed("overdue", stale.len())
        .expected("overdue", 0);
    let Some((_, first)) = stale.first() else { return found };
    let mut found = CheckResult { outcome: Outcome::Fail, ..found };
    for (due, path) in stale.iter().take(NAMED) {
        found = found.evidence(
            "overdue",
            format!("{path}: {} past its deadline", duration::format_words(repository.now - *due)),
        );
    }
    let plural = if stale.len() == 1 { " is" } else { "s are" };
    let review = format!("phx review {}", project.folder.quoted(first));
    found
        .detail(format!("{} document{plural} past the deadline", stale.len()))
        .help("review the stale documents", &["phx status", &review])
}
