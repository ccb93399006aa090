//! Rule: an AUTO block contains a marker.

use super::{Context, Rule, RuleCheck};
use crate::document::SyntaxErrorKind;
use crate::finding::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    slug: "nested-marker",
    severity: Severity::Error,
    summary: "an AUTO block contains another marker",
    page: include_str!("nested_marker.md"),
    options: &[],
    checks: &[RuleCheck::Document(check)],
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.syntax_errors(&RULE, SyntaxErrorKind::Nested)
}
