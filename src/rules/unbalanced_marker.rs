//! Rule: an AUTO marker has no END marker, or an END marker has no AUTO marker.

use super::{Context, Rule, RuleCheck};
use crate::document::SyntaxErrorKind;
use crate::finding::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    slug: "unbalanced-marker",
    severity: Severity::Error,
    summary: "an AUTO marker has no END marker, or an END marker has no AUTO marker",
    page: include_str!("unbalanced_marker.md"),
    options: &[],
    checks: &[RuleCheck::Document(check)],
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.syntax_errors(&RULE, SyntaxErrorKind::Unbalanced)
}
