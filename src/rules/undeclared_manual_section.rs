//! A MANUAL section that the front matter does not declare.

use super::{Context, Rule, RuleCheck, declare};
use crate::document::BlockMode;
use crate::finding::{Finding, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    slug: "undeclared-manual-section",
    severity: Severity::Warning,
    summary: "a MANUAL section that no name in `manual_sections` declares",
    page: include_str!("undeclared_manual_section.md"),
    options: &[],
    checks: &[RuleCheck::Document(check)],
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    declare::undeclared(context, &RULE, BlockMode::Manual)
}
