//! Rule: the front matter has no closing line.

use super::{Context, Rule, RuleCheck};
use crate::document::SyntaxErrorKind;
use crate::finding::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    slug: "unterminated-front-matter",
    severity: Severity::Error,
    summary: "the front matter has no closing `---`",
    page: include_str!("unterminated_front_matter.md"),
    options: &[],
    checks: &[RuleCheck::Document(check)],
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.syntax_errors(&RULE, SyntaxErrorKind::Unterminated)
}
