//! Rule: a suppression suppresses no finding.

use super::suppression::Use;
use super::{RULES, Rule, RuleCheck, find};
use crate::finding::{Finding, Severity};
use crate::text::suggest;

pub(super) const RULE: Rule = Rule {
    slug: "unused-suppression",
    severity: Severity::Warning,
    summary: "a suppression suppresses no finding",
    page: include_str!("unused_suppression.md"),
    options: &[],
    checks: &[RuleCheck::Suppression(check)],
};

fn check(found: &Use<'_>) -> Option<Finding> {
    if found.hits > 0 || found.expired || found.idle {
        return None;
    }
    let message = if found.rule.is_empty() {
        "the suppression names no rule".to_owned()
    } else if find(found.rule).is_none() {
        let near = suggest::did_you_mean(found.rule, RULES.iter().map(|rule| rule.slug));
        format!("unknown rule `{}`{near}", found.rule)
    } else {
        format!("unused suppression: `{}` reports nothing in the next block", found.rule)
    };
    let finding = found.context.finding(&RULE, found.span, found.rule, message);
    Some(finding.help("remove it, or move it directly above the block that it applies to"))
}
