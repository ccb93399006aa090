//! Rule: a status or level is not in the vocabulary of its field.

use super::{Context, Rule, RuleCheck};
use crate::document::ProblemKind;
use crate::finding::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    slug: "unknown-status",
    severity: Severity::Warning,
    summary: "a status or level is not in the vocabulary of its field",
    page: include_str!("unknown_status.md"),
    options: &[],
    checks: &[RuleCheck::Document(check)],
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.problems(&RULE, ProblemKind::UnknownStatus)
}
