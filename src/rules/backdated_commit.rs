//! Rule: a commit is dated before its parent.

use super::Rule;
use crate::finding::Severity;

/// Has no checks: only `phx audit --range` reports it.
pub(super) const RULE: Rule = Rule {
    slug: "backdated-commit",
    severity: Severity::Warning,
    summary: "a commit is dated before its parent",
    page: include_str!("backdated_commit.md"),
    options: &[],
    checks: &[],
};
