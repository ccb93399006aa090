//! Check `repo.ledger`: every ledger record is well-formed.

use super::Repository;
use crate::doctor::Check;
use crate::doctor::check_result::CheckResult;
use crate::doctor::record::Outcome;
use crate::hooks::verify;

pub const CHECK: Check = Check {
    id: "repo.ledger",
    claim: "every ledger record is well-formed and its file name matches its content",
    method: "Reads each file in .phx/ledger and compares it with its name. Fails with each invalid record; skipped without a ledger.",
    side_effects: "nothing; reads files and runs git",
    risk: "",
    deadline_ms: 10_000,
};

pub fn run(repository: &Repository) -> CheckResult {
    let project = match repository.opened() {
        Ok(project) => project,
        Err(found) => return *found,
    };
    let (count, invalid) = match verify::ledger(&project.root, project, None) {
        Ok(verified) => verified,
        Err(failure) => return CheckResult::error(failure.message),
    };
    if count == 0 {
        return CheckResult::skip("no ledger found; the first `phx review` creates it");
    }
    let found = CheckResult::pass(count as u64)
        .observed("records", count)
        .observed("wrong", invalid.len())
        .expected("wrong", 0);
    let Some((path, problem)) = invalid.first() else { return found };
    let lines = invalid.iter().map(|(path, problem)| format!("{path}: {problem}"));
    let found = lines.fold(found, |found, line| found.evidence("wrong", line));
    CheckResult { outcome: Outcome::Fail, ..found }
        .detail(format!("{path}: {problem}"))
        .help("restore the record from history", &["phx audit verify"])
}
