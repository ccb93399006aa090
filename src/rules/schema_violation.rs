//! Rule: the model of a document violates the schema of its kind.

use super::{Context, Rule, RuleCheck};
use crate::finding::{Finding, Severity};
use crate::schema::Violation;
use crate::text::suggest;

pub(super) const RULE: Rule = Rule {
    slug: "schema-violation",
    severity: Severity::Error,
    summary: "the document violates the schema of its kind",
    page: include_str!("schema_violation.md"),
    options: &[],
    checks: &[RuleCheck::Document(check)],
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let document = context.document;
    if !document.has_governance() {
        return Vec::new();
    }
    let catalog = context.catalog;
    let version = document.governance.validation_schema.as_ref();
    let version = version.map_or(catalog.newest(), |version| version.value.as_str());
    if !catalog.versions().any(|known| known == version) {
        return Vec::new();
    }
    if let Some(finding) = misspelt_kind(context) {
        return vec![finding];
    }
    match catalog.compiled(version, &document.shape.kind) {
        Ok(schema) => {
            let violations = schema.validate(document);
            violations.into_iter().map(|violation| to_finding(context, violation)).collect()
        }
        Err(failure) => {
            let span = document.governance.key_span;
            vec![context.finding(&RULE, span, "schema", failure.message)]
        }
    }
}

fn to_finding(context: &Context<'_>, violation: Violation) -> Finding {
    let severity = if violation.lowered { Severity::Warning } else { RULE.severity };
    context.finding_as(&RULE, severity, violation.span, &violation.subject, violation.message).help(violation.help)
}

/// Reports an unknown kind in the front matter that is similar to a known kind. Without this finding, the document
/// would be validated without the intended schema.
fn misspelt_kind(context: &Context<'_>) -> Option<Finding> {
    let kind = context.document.governance.entry("kind")?;
    let name = kind.value.as_text()?;
    let catalog = context.catalog;
    let known = catalog.kinds(catalog.newest()).iter().map(|kind| kind.name.as_str());
    let mut known = known.chain(context.config.kinds.iter().map(|kind| kind.name.as_str()));
    if known.clone().any(|known| known == name) {
        return None;
    }
    let near = suggest::nearest(name, &mut known)?;
    let message = format!("unknown kind `{name}`; did you mean `{near}`?");
    let finding = context.finding(&RULE, kind.value.span, name, message);
    Some(finding.help(format!("write `{near}`, or define `{name}` with a `[[kind]]` in phx.toml")))
}
