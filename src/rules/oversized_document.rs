//! Rule: a document exceeds a limit of the format.

use super::{BrokenFile, Context, Rule, RuleCheck, UnreadReason};
use crate::document::{SIZE, SyntaxErrorKind};
use crate::finding::{Finding, Severity};

/// Checks documents, and files that are too large to be loaded.
pub(super) const RULE: Rule = Rule {
    slug: "oversized-document",
    severity: Severity::Error,
    summary: "the document exceeds a limit of the format",
    page: include_str!("oversized_document.md"),
    options: &[],
    checks: &[RuleCheck::Document(check), RuleCheck::File(too_large)],
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.syntax_errors(&RULE, SyntaxErrorKind::Oversized)
}

fn too_large(file: &BrokenFile<'_>) -> Option<Finding> {
    (*file.reason == UnreadReason::TooLarge).then(|| {
        let message = format!("the file is larger than {} MiB", SIZE / (1024 * 1024));
        Finding::of_file(RULE.slug, file.path, message).help("split the document")
    })
}
