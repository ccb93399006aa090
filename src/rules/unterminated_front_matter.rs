//! Front matter that is never closed.

use super::{Context, Rule, RuleCheck};
use crate::document::SyntaxErrorKind;
use crate::finding::{Finding, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    slug: "unterminated-front-matter",
    severity: Severity::Error,
    summary: "front matter that is never closed",
    page: include_str!("unterminated_front_matter.md"),
    options: &[],
    checks: &[RuleCheck::Document(check)],
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.syntax_errors(&RULE, SyntaxErrorKind::Unterminated)
}
