//! Rule: the window of a document is longer than `update_every` of its kind.

use super::{Context, Rule, RuleCheck};
use crate::finding::{Finding, Severity};
use crate::text::duration;

pub(super) const RULE: Rule = Rule {
    slug: "overlong-deadline",
    severity: Severity::Warning,
    summary: "the window is longer than `update_every` of the kind",
    page: include_str!("overlong_deadline.md"),
    options: &[],
    checks: &[RuleCheck::Document(check)],
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let Some((updated, due)) = context.document.governance.stamp() else {
        return Vec::new();
    };
    let Some(longest) = context.kind_settings().and_then(|kind| kind.update_every) else {
        return Vec::new();
    };
    let window = due.value - updated.value;
    if window <= longest {
        return Vec::new();
    }
    let message = format!(
        "the deadline is {} after the last update; `update_every` allows {}",
        duration::format_words(window),
        duration::format_words(longest)
    );
    let latest = (updated.value + longest).format("%Y-%m-%dT%H:%M:%SZ");
    let finding = context.finding(&RULE, due.span, "", message);
    vec![finding.help(format!("set `update_required_by` to `{latest}` or earlier"))]
}
