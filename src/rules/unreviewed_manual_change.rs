//! A MANUAL section that has changed since its review.

use super::{Context, Rule, RuleCheck};
use crate::corpus::reviews;
use crate::finding::{Finding, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    slug: "unreviewed-manual-change",
    severity: Severity::Warning,
    summary: "a MANUAL section is not the text that was reviewed",
    page: include_str!("unreviewed_manual_change.md"),
    options: &[],
    checks: &[RuleCheck::Reviews(check)],
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let document = context.document;
    let Some(review) = &context.past.review else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    for (name, block) in reviews::manual_names(document) {
        let vouched = review.sections.get(&name);
        if vouched.is_none_or(|vouched| vouched.hash == reviews::section_hash(document, block)) {
            continue;
        }
        let message = format!("the MANUAL section `{name}` is not the text that was reviewed");
        let target = format!("{}#{name}", document.path);
        let help = format!("read it, then `phx review {}`", context.folder.quoted(&target));
        findings.push(context.finding(&RULE, block.opener, &name, message).help(help));
    }
    findings
}
