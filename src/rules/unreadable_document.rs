//! Rule: a file cannot be read.

use super::{BrokenFile, Rule, RuleCheck, UnreadReason};
use crate::finding::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    slug: "unreadable-document",
    severity: Severity::Error,
    summary: "a file cannot be read",
    page: include_str!("unreadable_document.md"),
    options: &[],
    checks: &[RuleCheck::File(check)],
};

fn check(file: &BrokenFile<'_>) -> Option<Finding> {
    let UnreadReason::Unreadable(why) = file.reason else {
        return None;
    };
    let message = format!("cannot read the file: {why}");
    let finding = Finding::of_file(RULE.slug, file.path, message);
    Some(finding.help("make the file readable, or add it to `documents.exclude` in phx.toml"))
}
