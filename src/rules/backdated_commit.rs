//! Rule: a commit says that it was made before the commit that it follows.

use super::Rule;
use crate::finding::Severity;

/// The rule. Only `phx audit --range` looks at the dates of commits.
pub const RULE: Rule = Rule {
    slug: "backdated-commit",
    severity: Severity::Warning,
    summary: "a commit is dated before the commit that it follows",
    page: include_str!("backdated_commit.md"),
    options: &[],
    checks: &[],
};
