//! Rule: `last_updated` is in the future.

use chrono::Duration;

use super::context::format_time;
use super::{Context, Rule, RuleCheck};
use crate::finding::{Finding, Severity};
use crate::text::duration;

/// Tolerated clock skew, in minutes.
const SKEW: i64 = 5;

pub(super) const RULE: Rule = Rule {
    slug: "future-timestamp",
    severity: Severity::Error,
    summary: "`last_updated` is in the future",
    page: include_str!("future_timestamp.md"),
    options: &[],
    checks: &[RuleCheck::Document(check)],
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let Some(updated) = &context.document.governance.last_updated else {
        return Vec::new();
    };
    let ahead = updated.value - context.now;
    if ahead <= Duration::minutes(SKEW) {
        return Vec::new();
    }
    let message = format!("`last_updated` is {} in the future", duration::format_words(ahead));
    let label = format!("the current time is {}", format_time(context.now));
    let finding = context.finding(&RULE, updated.span, "", message);
    vec![finding.label(label).help("set `last_updated` to the time of the last update")]
}
