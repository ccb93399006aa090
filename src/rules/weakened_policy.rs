//! Rule: a commit makes the configuration less strict, so that its documents pass.

use super::Rule;
use crate::finding::Severity;

/// The rule. Only `phx audit --range` compares configurations.
pub const RULE: Rule = Rule {
    slug: "weakened-policy",
    severity: Severity::Warning,
    summary: "a commit makes the configuration less strict",
    page: include_str!("weakened_policy.md"),
    options: &[],
    checks: &[],
};
