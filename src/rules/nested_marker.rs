//! A marker inside an AUTO block.

use super::{Check, Context, Rule};
use crate::document::FaultKind;
use crate::finding::{Finding, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    slug: "nested-marker",
    severity: Severity::Error,
    summary: "a marker inside an AUTO block",
    page: include_str!("nested_marker.md"),
    options: &[],
    checks: &[Check::Document(check)],
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.faults(&RULE, FaultKind::Nested)
}
