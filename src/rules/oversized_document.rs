//! A document past one of the bounds of the format.

use super::{Broken, BrokenFile, Check, Context, Rule};
use crate::document::{FaultKind, SIZE};
use crate::finding::{Finding, Severity};

/// The rule. It speaks of documents, and of files too long to become one.
pub const RULE: Rule = Rule {
    slug: "oversized-document",
    severity: Severity::Error,
    summary: "a document past a bound of the format",
    page: include_str!("oversized_document.md"),
    options: &[],
    checks: &[Check::Document(check), Check::Broken(too_large)],
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.faults(&RULE, FaultKind::Oversized)
}

fn too_large(file: &BrokenFile<'_>) -> Option<Finding> {
    (*file.why == Broken::TooLarge).then(|| {
        let message = format!("longer than {} MiB", SIZE / (1024 * 1024));
        Finding::of_file(RULE.slug, file.path, message).help("split the document")
    })
}
