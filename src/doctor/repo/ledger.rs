//! Whether the ledger is what it claims to be.

use super::Repository;
use crate::doctor::Check;
use crate::doctor::check_result::CheckResult;
use crate::doctor::record::Outcome;
use crate::hooks::verify;

/// The check.
pub const CHECK: Check = Check {
    id: "repo.ledger",
    claim: "every record of the ledger is well formed and bears the name that it says",
    method: "each file in .phx/ledger is read and held against its name. Fails with each that is not what it says; skipped without a ledger.",
    opens: "nothing; it reads files, and asks git",
    harm: "",
    deadline_ms: 10_000,
};

/// Looks.
pub fn run(repository: &Repository) -> CheckResult {
    let project = match repository.opened() {
        Ok(project) => project,
        Err(found) => return *found,
    };
    let (count, wrong) = match verify::ledger(&project.root, project, None) {
        Ok(verified) => verified,
        Err(failure) => return CheckResult::error(failure.message),
    };
    if count == 0 {
        return CheckResult::skip("there is no ledger yet; the first `phx review` begins one");
    }
    let found =
        CheckResult::pass(count as u64).observed("records", count).observed("wrong", wrong.len()).expected("wrong", 0);
    let Some((path, problem)) = wrong.first() else { return found };
    let said = wrong.iter().map(|(path, problem)| format!("{path}: {problem}"));
    let found = said.fold(found, |found, line| found.evidence("wrong", line));
    CheckResult { outcome: Outcome::Fail, ..found }
        .detail(format!("{path}: {problem}"))
        .help("restore the record from history", &["phx audit verify"])
}
