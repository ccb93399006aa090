//! Front matter that is no YAML mapping, or whose governance block is none.

use super::{Context, Rule, RuleCheck};
use crate::document::SyntaxErrorKind;
use crate::finding::{Finding, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    slug: "invalid-front-matter",
    severity: Severity::Error,
    summary: "front matter that is no YAML mapping",
    page: include_str!("invalid_front_matter.md"),
    options: &[],
    checks: &[RuleCheck::Document(check)],
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.syntax_errors(&RULE, SyntaxErrorKind::FrontMatter)
}
