//! An AUTO block that the front matter does not declare.

use super::{Context, Rule, RuleCheck, declare};
use crate::document::BlockMode;
use crate::finding::{Finding, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    slug: "undeclared-auto-section",
    severity: Severity::Warning,
    summary: "an AUTO block that no name in `auto_sections` declares",
    page: include_str!("undeclared_auto_section.md"),
    options: &[],
    checks: &[RuleCheck::Document(check)],
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    declare::undeclared(context, &RULE, BlockMode::Auto)
}
