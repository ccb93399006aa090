//! Rule: `validation_schema` is not a known version.

use super::{Context, Rule, RuleCheck};
use crate::finding::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    slug: "unknown-schema-version",
    severity: Severity::Error,
    summary: "`validation_schema` is not a known version",
    page: include_str!("unknown_schema_version.md"),
    options: &[],
    checks: &[RuleCheck::Document(check)],
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let Some(version) = &context.document.governance.validation_schema else {
        return Vec::new();
    };
    if context.catalog.versions().any(|known| known == version.value) {
        return Vec::new();
    }
    let (message, help) = context.catalog.unknown_version(&version.value);
    vec![context.finding(&RULE, version.span, "", message).help(help)]
}
