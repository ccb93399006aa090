//! A document past one of the bounds of the format.

use super::{BrokenFile, Context, Rule, RuleCheck, UnreadReason};
use crate::document::{SIZE, SyntaxErrorKind};
use crate::finding::{Finding, Severity};

/// The rule. It speaks of documents, and of files too long to become one.
pub const RULE: Rule = Rule {
    slug: "oversized-document",
    severity: Severity::Error,
    summary: "a document past a bound of the format",
    page: include_str!("oversized_document.md"),
    options: &[],
    checks: &[RuleCheck::Document(check), RuleCheck::File(too_large)],
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.syntax_errors(&RULE, SyntaxErrorKind::Oversized)
}

fn too_large(file: &BrokenFile<'_>) -> Option<Finding> {
    (*file.why == UnreadReason::TooLarge).then(|| {
        let message = format!("longer than {} MiB", SIZE / (1024 * 1024));
        Finding::of_file(RULE.slug, file.path, message).help("split the document")
    })
}
