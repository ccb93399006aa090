//! Rule: the date of a suppression has passed or is not valid.

use super::suppression::{Use, date};
use super::{Rule, RuleCheck};
use crate::finding::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    slug: "expired-suppression",
    severity: Severity::Warning,
    summary: "the date of a suppression has passed",
    page: include_str!("expired_suppression.md"),
    options: &[],
    checks: &[RuleCheck::Suppression(check)],
};

fn check(found: &Use<'_>) -> Option<Finding> {
    let until = found.until?;
    let message = match date(until) {
        None => format!("`until={until}` is not a valid date"),
        Some(_) if found.expired => format!("the suppression of `{}` ended on {until}", found.rule),
        Some(_) => return None,
    };
    let finding = found.context.finding(&RULE, found.span, found.rule, message);
    Some(
        finding.help(
            "fix the suppressed finding and remove the suppression, or set a new date such as `until=2026-01-31`",
        ),
    )
}
