//! A marker inside an AUTO block.

use super::{Context, Rule, RuleCheck};
use crate::document::SyntaxErrorKind;
use crate::finding::{Finding, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    slug: "nested-marker",
    severity: Severity::Error,
    summary: "a marker inside an AUTO block",
    page: include_str!("nested_marker.md"),
    options: &[],
    checks: &[RuleCheck::Document(check)],
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.syntax_errors(&RULE, SyntaxErrorKind::Nested)
}
