//! Rule: the deadline of a document is near.

use chrono::Duration;

use super::context::format_time;
use super::{Context, Rule, RuleCheck};
use crate::finding::{Finding, Severity};
use crate::text::duration;

/// The option `within` is the warning period before the deadline (default: one fifth of the window).
pub(super) const RULE: Rule = Rule {
    slug: "review-due-soon",
    severity: Severity::Warning,
    summary: "the deadline is near",
    page: include_str!("review_due_soon.md"),
    options: &["within"],
    checks: &[RuleCheck::Document(check)],
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let Some(due) = &context.document.governance.update_required_by else {
        return Vec::new();
    };
    if !is_due_soon(context) {
        return Vec::new();
    }
    let left = due.value - context.now;
    let message = format!("the deadline is in {}", duration::format_words(left));
    let finding = context.finding(&RULE, due.span, "", message);
    let help = "update outdated content and review the document before its deadline";
    vec![finding.label(format!("deadline {}", format_time(due.value))).help(help)]
}

/// Returns true if the deadline is near and has not passed.
pub fn is_due_soon(context: &Context<'_>) -> bool {
    let due = context.document.governance.update_required_by.as_ref();
    let left = due.map(|due| due.value - context.now).filter(|left| *left >= Duration::zero());
    left.zip(within(context)).is_some_and(|(left, near)| left <= near)
}

fn within(context: &Context<'_>) -> Option<Duration> {
    let options = context.rule_settings(&RULE).map_or(&[][..], |settings| &settings.options);
    let set = options.iter().find(|option| option.key == "within");
    match set.and_then(|option| duration::parse(option.value.as_text()?)) {
        Some(within) => Some(within),
        None => context.window().map(|window| window / 5),
    }
}
