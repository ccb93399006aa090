//! Rule: a document in `paths` of a `[[kind]]` has no governance block.

use super::{Context, Rule, RuleCheck};
use crate::finding::{Finding, Severity};
use crate::text::Span;

pub(super) const RULE: Rule = Rule {
    slug: "missing-front-matter",
    severity: Severity::Error,
    summary: "a document in `paths` of a `[[kind]]` has no governance block",
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
            (region.opener, "the front matter has no governance keys".to_owned())
        }
        Some(region) => (region.opener, format!("the front matter has no `{}` block", document.dialect.root)),
        None => (Span::at(0), "the document has no front matter".to_owned()),
    };
    let finding = context.finding(&RULE, span, "", message);
    let help = format!(
        "run `phx new {kind} -` to print a governance block and add it, or change `paths` in the `[[kind]]` of `{kind}`"
    );
    vec![finding.help(help)]
}
