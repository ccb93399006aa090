//! Rule: a comment resembles a marker but is not valid.

use super::{Context, Rule, RuleCheck};
use crate::document::SyntaxErrorKind;
use crate::finding::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    slug: "malformed-marker",
    severity: Severity::Error,
    summary: "a comment resembles a marker but is not valid",
    page: include_str!("malformed_marker.md"),
    options: &[],
    checks: &[RuleCheck::Document(check)],
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.syntax_errors(&RULE, SyntaxErrorKind::Malformed)
}
