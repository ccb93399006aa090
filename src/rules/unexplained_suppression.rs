//! Rule: a suppression has no reason.

use super::suppression::Use;
use super::{Rule, RuleCheck};
use crate::finding::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    slug: "unexplained-suppression",
    severity: Severity::Warning,
    summary: "a suppression has no reason",
    page: include_str!("unexplained_suppression.md"),
    options: &[],
    checks: &[RuleCheck::Suppression(check)],
};

fn check(found: &Use<'_>) -> Option<Finding> {
    if !found.reason.is_empty() {
        return None;
    }
    let message = format!("the suppression of `{}` has no reason", found.rule);
    let finding = found.context.finding(&RULE, found.span, found.rule, message);
    Some(finding.help(format!("write `<!-- phx-ignore {}: the reason -->`", found.rule)))
}
