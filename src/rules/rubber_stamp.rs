//! Rule: only the stamp of a document changed, although its source files changed and no review is recorded.

use super::{Context, Rule, RuleCheck};
use crate::corpus::reviews;
use crate::finding::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    slug: "rubber-stamp",
    severity: Severity::Warning,
    summary: "only the stamp changed, although source files changed",
    page: include_str!("rubber_stamp.md"),
    options: &[],
    checks: &[RuleCheck::Reviews(check)],
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let document = context.document;
    let (Some(before), Some(updated)) = (&context.reviews.before, &document.governance.last_updated) else {
        return Vec::new();
    };
    let reviewed = context.reviews.is_recorded || !context.reviews.sources_changed;
    if reviewed || !reviews::is_stamped(before, document) || reviews::text_hash(before) != reviews::text_hash(document)
    {
        return Vec::new();
    }
    let help = format!("run `phx review {}` to show the changes and sign it off", context.quoted_path());
    let message = "only the stamp of the document changed, although its source files changed";
    vec![context.finding(&RULE, updated.span, "", message).help(help)]
}
