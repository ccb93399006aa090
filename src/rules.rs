//! Rules: one source file and one documentation page per rule. Rules are pure functions from parsed documents to
//! findings and never read files.

pub mod context;
pub mod declare;
pub mod rule_runner;
pub mod settings;
pub mod suppression;

mod backdated_commit;
mod changed_sources;
mod conflicting_kind;
mod edited_auto_section;
mod expired_suppression;
mod future_timestamp;
mod invalid_encoding;
mod invalid_front_matter;
mod inverted_deadline;
mod lost_governance;
mod malformed_marker;
mod missing_auto_section;
mod missing_document;
mod missing_front_matter;
mod missing_manual_section;
mod nested_marker;
mod outdated_auto_section;
mod overlong_deadline;
mod oversized_document;
mod review_due_soon;
mod rubber_stamp;
mod schema_violation;
mod stale_document;
mod stale_manual_section;
mod unbalanced_marker;
mod undeclared_auto_section;
mod undeclared_manual_section;
mod unexplained_suppression;
mod ungenerated_auto_section;
mod unknown_schema_version;
mod unknown_status;
mod unread_item;
mod unreadable_document;
mod unreadable_value;
mod unrecorded_correlation_id;
mod unresolved_conflict;
mod unreviewed_manual_change;
mod unterminated_front_matter;
mod unused_suppression;
mod weakened_policy;

pub use context::{BrokenFile, Context, GovernanceEvidence, UnreadReason, Whole};
pub use review_due_soon::is_due_soon;
pub use rule_runner::{Levels, RuleRunner};

use crate::finding::{Finding, Severity};
use crate::regen::BlockPlan;

#[derive(Debug)]
pub struct Rule {
    /// Name of the problem, in lower case with `-`.
    pub slug: &'static str,
    /// Default severity, unless a finding or the user overrides it.
    pub severity: Severity,
    /// One-line description of a finding.
    pub summary: &'static str,
    /// Documentation page in Markdown, with tested examples.
    pub page: &'static str,
    /// Options in `[rules]` in addition to `level`. All of them are durations.
    pub options: &'static [&'static str],
    pub checks: &'static [RuleCheck],
}

/// Check function of a rule, by its input.
#[derive(Debug)]
pub enum RuleCheck {
    /// Runs on each document.
    Document(fn(&Context<'_>) -> Vec<Finding>),
    /// Runs on each document and requires its review history.
    Reviews(fn(&Context<'_>) -> Vec<Finding>),
    /// Runs on each planned AUTO block.
    Block(fn(&Context<'_>, &BlockPlan) -> Option<Finding>),
    /// Runs once on all documents.
    Whole(fn(&Whole<'_>) -> Vec<Finding>),
    /// Runs on each file that could not be loaded as a document.
    File(fn(&BrokenFile<'_>) -> Option<Finding>),
    /// Runs on each suppression, after all other rules.
    Suppression(fn(&suppression::Use<'_>) -> Option<Finding>),
}

/// All rules, sorted by slug.
pub const RULES: &[&Rule] = &[
    &backdated_commit::RULE,
    &changed_sources::RULE,
    &conflicting_kind::RULE,
    &edited_auto_section::RULE,
    &expired_suppression::RULE,
    &future_timestamp::RULE,
    &invalid_encoding::RULE,
    &invalid_front_matter::RULE,
    &inverted_deadline::RULE,
    &lost_governance::RULE,
    &malformed_marker::RULE,
    &missing_auto_section::RULE,
    &missing_document::RULE,
    &missing_front_matter::RULE,
    &missing_manual_section::RULE,
    &nested_marker::RULE,
    &outdated_auto_section::RULE,
    &overlong_deadline::RULE,
    &oversized_document::RULE,
    &review_due_soon::RULE,
    &rubber_stamp::RULE,
    &schema_violation::RULE,
    &stale_document::RULE,
    &stale_manual_section::RULE,
    &unbalanced_marker::RULE,
    &undeclared_auto_section::RULE,
    &undeclared_manual_section::RULE,
    &unexplained_suppression::RULE,
    &ungenerated_auto_section::RULE,
    &unknown_schema_version::RULE,
    &unknown_status::RULE,
    &unread_item::RULE,
    &unreadable_document::RULE,
    &unreadable_value::RULE,
    &unrecorded_correlation_id::RULE,
    &unresolved_conflict::RULE,
    &unreviewed_manual_change::RULE,
    &unterminated_front_matter::RULE,
    &unused_suppression::RULE,
    &weakened_policy::RULE,
];

/// Finds a rule by slug.
pub fn find(slug: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.slug == slug).copied()
}
