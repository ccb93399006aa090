//! Rule: something looks like an item and has no field that can be read.

use super::{Context, Rule, RuleCheck};
use crate::document::ProblemKind;
use crate::finding::{Finding, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    slug: "unread-item",
    severity: Severity::Error,
    summary: "something looks like an item and has no field that can be read",
    page: include_str!("unread_item.md"),
    options: &[],
    checks: &[RuleCheck::Document(check)],
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.problems(&RULE, ProblemKind::UnreadItem)
}
