//! An AUTO marker without its END, or an END without its AUTO.

use super::{Context, Rule, RuleCheck};
use crate::document::SyntaxErrorKind;
use crate::finding::{Finding, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    slug: "unbalanced-marker",
    severity: Severity::Error,
    summary: "an AUTO marker without its END, or an END without its AUTO",
    page: include_str!("unbalanced_marker.md"),
    options: &[],
    checks: &[RuleCheck::Document(check)],
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.syntax_errors(&RULE, SyntaxErrorKind::Unbalanced)
}
