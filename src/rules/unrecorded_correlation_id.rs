//! A correlation id that the ledger has no record of.

use super::{Check, Context, Rule};
use crate::finding::{Finding, Severity};

/// The rule.
pub const RULE: Rule = Rule {
    slug: "unrecorded-correlation-id",
    severity: Severity::Warning,
    summary: "the ledger has no record of the correlation id",
    page: include_str!("unrecorded_correlation_id.md"),
    options: &[],
    checks: &[Check::Past(check)],
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let Some(id) = context.document.governance.correlation_id() else {
        return Vec::new();
    };
    if !context.past.has_ledger || context.past.is_recorded {
        return Vec::new();
    }
    let help = format!(
        "read the document, then `phx review {}`; if git left the record behind, add `.phx/ledger`",
        context.quoted_path()
    );
    let message = "the ledger has no record of this correlation id";
    vec![context.finding(&RULE, id.span, id.value, message).help(help)]
}
