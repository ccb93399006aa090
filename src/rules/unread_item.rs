//! Rule: a heading or row looks like an item but has no field that can be read.

use super::{Context, Rule, RuleCheck};
use crate::document::ProblemKind;
use crate::finding::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    slug: "unread-item",
    severity: Severity::Error,
    summary: "a heading or row looks like an item but has no field that can be read",
    page: include_str!("unread_item.md"),
    options: &[],
    checks: &[RuleCheck::Document(check)],
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.problems(&RULE, ProblemKind::UnreadItem)
}
