//! Rule: a value of an item is not a single number.

use super::{Context, Rule, RuleCheck};
use crate::document::ProblemKind;
use crate::finding::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    slug: "unreadable-value",
    severity: Severity::Error,
    summary: "a value of an item is not a single number",
    page: include_str!("unreadable_value.md"),
    options: &[],
    checks: &[RuleCheck::Document(check)],
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.problems(&RULE, ProblemKind::UnreadableValue)
}
