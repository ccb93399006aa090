//! A file that cannot be read.

use super::{BrokenFile, Rule, RuleCheck, UnreadReason};
use crate::finding::{Finding, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    slug: "unreadable-document",
    severity: Severity::Error,
    summary: "a file that cannot be read",
    page: include_str!("unreadable_document.md"),
    options: &[],
    checks: &[RuleCheck::File(check)],
};

fn check(file: &BrokenFile<'_>) -> Option<Finding> {
    let UnreadReason::Unreadable(why) = file.why else {
        return None;
    };
    let message = format!("cannot be read: {why}");
    let finding = Finding::of_file(RULE.slug, file.path, message);
    Some(finding.help("let phx read it, or leave it out with `documents.exclude` in phx.toml"))
}
