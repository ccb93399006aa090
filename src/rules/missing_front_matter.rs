//! A document that a kind claims, without a governance block.

use super::{Context, Rule, RuleCheck};
use crate::finding::{Finding, Severity};
use crate::text::Span;

/// The rule.
pub const RULE: Rule = Rule {
    slug: "missing-front-matter",
    severity: Severity::Error,
    summary: "a document that a kind claims has no governance block",
    page: include_str!("missing_front_matter.md"),
    options: &[],
    checks: &[RuleCheck::Document(check)],
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let document = context.document;
    if document.has_governance() || !document.syntax_errors.is_empty() {
        return Vec::new();
    }
    let kind = &document.shape.kind;
    let (span, message) = match document.region {
        Some(region) if document.dialect.root.is_empty() => {
            (region.opener, "the front matter has no keys of a governance block".to_owned())
        }
        Some(region) => (region.opener, format!("the front matter has no `{}` block", document.dialect.root)),
        None => (Span::at(0), "the document has no front matter".to_owned()),
    };
    let finding = context.finding(&RULE, span, "", message);
    let help = format!(
        "a `[[kind]]` lists it as `{kind}`: add the block (`phx new {kind} -` prints one), or change its `paths`"
    );
    vec![finding.help(help)]
}
