//! Rule: the ledger has no record of the correlation ID of a document.

use uuid::Uuid;

use super::{Context, Rule, RuleCheck};
use crate::finding::{Finding, Severity};

pub(super) const RULE: Rule = Rule {
    slug: "unrecorded-correlation-id",
    severity: Severity::Warning,
    summary: "the ledger has no record of the correlation ID",
    page: include_str!("unrecorded_correlation_id.md"),
    options: &[],
    checks: &[RuleCheck::Reviews(check)],
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    let Some(id) = context.document.governance.correlation_id() else {
        return Vec::new();
    };
    if !context.reviews.has_ledger || context.reviews.is_recorded {
        return Vec::new();
    }
    if is_first_stamp(context, id.value) {
        return Vec::new();
    }
    let help = format!(
        "run `phx review {}` to sign it off; if the record exists but is not committed, run `git add .phx/ledger`",
        context.quoted_path()
    );
    let message = "the ledger has no record of this correlation ID";
    vec![context.finding(&RULE, id.span, id.value, message).help(help)]
}

/// Returns true if the stamp is that of a new document: its correlation ID was created at `last_updated`, and no review
/// of the document is recorded.
fn is_first_stamp(context: &Context<'_>, id: &str) -> bool {
    let made = Uuid::parse_str(id).ok().filter(|id| id.get_version_num() == 7).and_then(|id| id.get_timestamp());
    let stamped = context.document.governance.last_updated.as_ref().map(|time| time.value.timestamp());
    let made = made.and_then(|time| i64::try_from(time.to_unix().0).ok());
    context.reviews.review.is_none() && made.is_some() && made == stamped
}
