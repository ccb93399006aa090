//! Rule: `update_required_by` is not after `last_updated`.

use super::context::format_time;
use super::{Context, Rule, RuleCheck};
use crate::finding::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    slug: "inverted-deadline",
    severity: Severity::Error,
    summary: "`update_required_by` is not after `last_updated`",
    page: include_str!("inverted_deadline.md"),
    options: &[],
    checks: &[RuleCheck::Document(check)],
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let Some((updated, due)) = context.document.governance.stamp() else {
        return Vec::new();
    };
    if due.value > updated.value {
        return Vec::new();
    }
    let label = format!("last updated {}", format_time(updated.value));
    let finding = context.finding(&RULE, due.span, "", "the deadline is not after the last update");
    vec![finding.label(label).help("set `update_required_by` to a time after `last_updated`")]
}
