//! A suppression whose date has passed, or whose date is none.

use super::suppression::{Use, date};
use super::{Rule, RuleCheck};
use crate::finding::{Finding, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    slug: "expired-suppression",
    severity: Severity::Warning,
    summary: "a suppression whose date has passed",
    page: include_str!("expired_suppression.md"),
    options: &[],
    checks: &[RuleCheck::Suppression(check)],
};

fn check(found: &Use<'_>) -> Option<Finding> {
    let until = found.until?;
    let message = match date(until) {
        None => format!("`until={until}` is no date"),
        Some(_) if found.expired => format!("this suppression of `{}` ended on {until}", found.rule),
        Some(_) => return None,
    };
    let finding = found.context.finding(&RULE, found.span, found.rule, message);
    Some(finding.help("mend what it suppressed and take it out, or give it a new date, as `until=2026-01-31`"))
}
