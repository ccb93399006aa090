//! An AUTO marker without its END, or an END without its AUTO.

use super::{Check, Context, Rule};
use crate::document::FaultKind;
use crate::finding::{Finding, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    slug: "unbalanced-marker",
    severity: Severity::Error,
    summary: "an AUTO marker without its END, or an END without its AUTO",
    page: include_str!("unbalanced_marker.md"),
    options: &[],
    checks: &[Check::Document(check)],
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.faults(&RULE, FaultKind::Unbalanced)
}
