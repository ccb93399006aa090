//! Whether the documents are within their deadlines.

use std::sync::{Mutex, PoisonError};

use super::Repository;
use crate::doctor::Check;
use crate::doctor::check_result::CheckResult;
use crate::doctor::record::Outcome;
use crate::text::duration;
use crate::workspace::{Selection, Visited};

/// How many are named.
const NAMED: usize = 5;

/// The check.
pub const CHECK: Check = Check {
    id: "repo.documents",
    claim: "no document is overdue",
    method: "every governed document is read and its deadline compared with the time. Fails where one has passed, with the oldest first; \
             an error where nothing is governed.",
    opens: "nothing; it reads files, and asks git",
    harm: "",
    deadline_ms: 60_000,
};

/// Looks.
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
        return CheckResult::skip("nothing is governed here; `phx new KIND` writes a document");
    }
    seen.sort();
    let late: Vec<_> =
        seen.iter().filter_map(|(due, path)| due.filter(|due| *due < repository.now).map(|due| (due, path))).collect();
    let found = CheckResult::pass(seen.len() as u64)
        .observed("documents", seen.len())
        .observed("overdue", late.len())
        .expected("overdue", 0);
    let Some((_, first)) = late.first() else { return found };
    let mut found = CheckResult { outcome: Outcome::Fail, ..found };
    for (due, path) in late.iter().take(NAMED) {
        found = found.evidence("overdue", format!("{path}, due {} ago", duration::words(repository.now - *due)));
    }
    let plural = if late.len() == 1 { " is" } else { "s are" };
    let review = format!("phx review {}", project.folder.quoted(first));
    found.detail(format!("{} document{plural} overdue", late.len())).help("review them", &["phx status", &review])
}
