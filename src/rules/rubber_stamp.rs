//! A stamp that moved by hand while nothing else did.

use super::{Context, Rule, RuleCheck};
use crate::corpus::reviews;
use crate::finding::{Finding, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    slug: "rubber-stamp",
    severity: Severity::Warning,
    summary: "a stamp moved, nothing else did, and the sources had changed",
    page: include_str!("rubber_stamp.md"),
    options: &[],
    checks: &[RuleCheck::Reviews(check)],
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let document = context.document;
    let (Some(before), Some(updated)) = (&context.past.before, &document.governance.last_updated) else {
        return Vec::new();
    };
    let reviewed = context.past.is_recorded || !context.past.sources_moved;
    if reviewed || !reviews::is_stamped(before, document) || reviews::text_hash(before) != reviews::text_hash(document)
    {
        return Vec::new();
    }
    let help = format!("`phx review {}` shows what changed in its sources", context.quoted_path());
    let message = "only the stamp moved, although the files that this document describes have changed";
    vec![context.finding(&RULE, updated.span, "", message).help(help)]
}
