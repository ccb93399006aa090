//! Front matter that is never closed.

use super::{Check, Context, Rule};
use crate::document::FaultKind;
use crate::finding::{Finding, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    slug: "unterminated-front-matter",
    severity: Severity::Error,
    summary: "front matter that is never closed",
    page: include_str!("unterminated_front_matter.md"),
    options: &[],
    checks: &[Check::Document(check)],
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.faults(&RULE, FaultKind::Unterminated)
}
