//! Rule: a commit makes the configuration less strict.

use super::Rule;
use crate::finding::Severity;

/// Has no checks: only `phx audit --range` reports it.
pub(super) const RULE: Rule = Rule {
    slug: "weakened-policy",
    severity: Severity::Warning,
    summary: "a commit makes the configuration less strict",
    page: include_str!("weakened_policy.md"),
    options: &[],
    checks: &[],
};
