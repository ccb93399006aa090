//! A kind that must have a document and has none.

use super::{Rule, RuleCheck, Whole};
use crate::finding::{Finding, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    slug: "missing-document",
    severity: Severity::Error,
    summary: "a kind in `documents.require` has no document",
    page: include_str!("missing_document.md"),
    options: &[],
    checks: &[RuleCheck::Whole(check)],
};

fn check(whole: &Whole<'_>) -> Vec<Finding> {
    let required = whole.config.documents.require.iter();
    let missing = required.filter(|(kind, _)| !whole.corpus.has_kind(kind));
    let say = |(kind, span): &(String, crate::text::Span)| {
        let message = format!("there is no document of the kind `{kind}`");
        Finding::new(RULE.slug, RULE.severity, whole.config_source, *span, kind, message)
            .help(format!("`phx new {kind}` writes one"))
    };
    missing.map(say).collect()
}
