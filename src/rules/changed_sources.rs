//! Rule: source files of a document changed after its last review.

use super::{Context, Rule, RuleCheck};
use crate::finding::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    slug: "changed-sources",
    severity: Severity::Warning,
    summary: "source files of the document changed since its last review",
    page: include_str!("changed_sources.md"),
    options: &[],
    checks: &[RuleCheck::Reviews(check)],
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let document = context.document;
    let reviewed = context.reviews.review.as_ref().and_then(|review| review.sources.as_ref());
    let (Some(reviewed), Some(now), Some(entry)) =
        (reviewed, &context.reviews.sources, document.governance.entry("sources"))
    else {
        return Vec::new();
    };
    if reviewed == now {
        return Vec::new();
    }
    let help = format!("run `phx review {}` to show the changes and sign it off", context.quoted_path());
    let message = "source files of the document changed since its last review";
    vec![context.finding(&RULE, entry.key_span, "", message).help(help)]
}
