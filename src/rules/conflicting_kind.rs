//! Rule: `kind:` of a document and `paths` of a `[[kind]]` name different kinds.

use super::{Context, Rule, RuleCheck};
use crate::finding::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    slug: "conflicting-kind",
    severity: Severity::Warning,
    summary: "`kind:` of a document and `paths` in phx.toml name different kinds",
    page: include_str!("conflicting_kind.md"),
    options: &[],
    checks: &[RuleCheck::Document(check)],
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let (Some(own), Some(claimed)) = (&context.document.governance.kind, context.claimed) else {
        return Vec::new();
    };
    if own.value == claimed {
        return Vec::new();
    }
    let message = format!(
        "the document is validated as kind `{}` from its front matter, but `paths` in phx.toml assign kind `{claimed}`",
        own.value
    );
    let help =
        format!("remove the line `kind:`, write `kind: {claimed}`, or narrow `paths` in the `[[kind]]` of `{claimed}`");
    vec![context.finding(&RULE, own.span, "", message).help(help)]
}
