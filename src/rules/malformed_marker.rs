//! Rule: a comment resembles a marker and is not one.

use super::{Check, Context, Rule};
use crate::document::FaultKind;
use crate::finding::{Finding, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    slug: "malformed-marker",
    severity: Severity::Error,
    summary: "a comment resembles a marker and is not one",
    page: include_str!("malformed_marker.md"),
    options: &[],
    checks: &[Check::Document(check)],
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.faults(&RULE, FaultKind::Malformed)
}
