//! Rule: the deadline of a document has passed.

use super::context::format_time;
use super::{Context, Rule, RuleCheck};
use crate::finding::{Finding, Severity};
use crate::text::duration;

pub(super) const RULE: Rule = Rule {
    slug: "stale-document",
    severity: Severity::Error,
    summary: "the deadline has passed",
    page: include_str!("stale_document.md"),
    options: &[],
    checks: &[RuleCheck::Document(check)],
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let Some(due) = &context.document.governance.update_required_by else {
        return Vec::new();
    };
    if context.now <= due.value {
        return Vec::new();
    }
    let elapsed = duration::format_words(context.now - due.value);
    let path = context.quoted_path();
    let help = format!("update outdated content, then run `phx review {path}` to sign it off");
    let finding = context.finding(&RULE, due.span, "", format!("the deadline passed {elapsed} ago"));
    vec![finding.label(format!("deadline {}", format_time(due.value))).help(help)]
}
