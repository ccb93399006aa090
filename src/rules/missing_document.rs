//! Rule: a kind in `documents.require` has no document.

use super::{Rule, RuleCheck, Whole};
use crate::finding::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
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
    let to_finding = |(kind, span): &(String, crate::text::Span)| {
        let message = format!("no document of the required kind `{kind}`");
        Finding::new(RULE.slug, RULE.severity, whole.config_source, *span, kind, message)
            .help(format!("run `phx new {kind}` to create one"))
    };
    missing.map(to_finding).collect()
}
