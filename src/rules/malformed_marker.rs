//! Rule: a comment resembles a marker and is not one.

use super::{Context, Rule, RuleCheck};
use crate::document::SyntaxErrorKind;
use crate::finding::{Finding, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    slug: "malformed-marker",
    severity: Severity::Error,
    summary: "a comment resembles a marker and is not one",
    page: include_str!("malformed_marker.md"),
    options: &[],
    checks: &[RuleCheck::Document(check)],
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.syntax_errors(&RULE, SyntaxErrorKind::Malformed)
}
