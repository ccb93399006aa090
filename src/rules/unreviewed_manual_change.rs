//! Rule: a MANUAL section changed after its last review.

use super::{Context, Rule, RuleCheck};
use crate::corpus::reviews;
use crate::finding::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    slug: "unreviewed-manual-change",
    severity: Severity::Warning,
    summary: "a MANUAL section changed since its last review",
    page: include_str!("unreviewed_manual_change.md"),
    options: &[],
    checks: &[RuleCheck::Reviews(check)],
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let document = context.document;
    let Some(review) = &context.reviews.review else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    for (name, block) in reviews::manual_names(document) {
        let reviewed = review.sections.get(&name);
        if reviewed.is_none_or(|reviewed| reviewed.hash == reviews::section_hash(document, block)) {
            continue;
        }
        let message = format!("MANUAL section `{name}` changed since its last review");
        let target = format!("{}#{name}", document.path);
        let help = format!("read it, then run `phx review {}` to sign it off", context.folder.quoted(&target));
        findings.push(context.finding(&RULE, block.opener, &name, message).help(help));
    }
    findings
}
