//! Rule: no name in `auto_sections` matches an AUTO block.

use super::{Context, Rule, RuleCheck, declare};
use crate::document::BlockMode;
use crate::finding::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    slug: "undeclared-auto-section",
    severity: Severity::Warning,
    summary: "an AUTO block is not declared in `auto_sections`",
    page: include_str!("undeclared_auto_section.md"),
    options: &[],
    checks: &[RuleCheck::Document(check)],
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    declare::undeclared(context, &RULE, BlockMode::Auto)
}
