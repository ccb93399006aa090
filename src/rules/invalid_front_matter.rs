//! Rule: the front matter or its governance block is not a valid YAML mapping.

use super::{Context, Rule, RuleCheck};
use crate::document::SyntaxErrorKind;
use crate::finding::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    slug: "invalid-front-matter",
    severity: Severity::Error,
    summary: "the front matter is not a valid YAML mapping",
    page: include_str!("invalid_front_matter.md"),
    options: &[],
    checks: &[RuleCheck::Document(check)],
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.syntax_errors(&RULE, SyntaxErrorKind::FrontMatter)
}
