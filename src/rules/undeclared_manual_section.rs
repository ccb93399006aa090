//! Rule: no name in `manual_sections` matches a MANUAL section.

use super::{Context, Rule, RuleCheck, declare};
use crate::document::BlockMode;
use crate::finding::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    slug: "undeclared-manual-section",
    severity: Severity::Warning,
    summary: "a MANUAL section is not declared in `manual_sections`",
    page: include_str!("undeclared_manual_section.md"),
    options: &[],
    checks: &[RuleCheck::Document(check)],
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    declare::undeclared(context, &RULE, BlockMode::Manual)
}
