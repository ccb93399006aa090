//! A MANUAL section that nobody has reviewed for longer than the document may go without an update.

use chrono::{Duration, NaiveDate, NaiveTime};

use super::{Context, Rule, RuleCheck};
use crate::document::{Block, BlockMode};
use crate::finding::{Finding, Severity};
use crate::text::duration;

/// The rule.
pub const RULE: Rule = Rule {
    slug: "stale-manual-section",
    severity: Severity::Warning,
    summary: "the last review of a MANUAL section is too long ago",
    page: include_str!("stale_manual_section.md"),
    options: &[],
    checks: &[RuleCheck::Document(check)],
};

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.document.blocks_of(BlockMode::Manual).filter_map(|block| section(context, block)).collect()
}

fn section(context: &Context<'_>, block: &Block) -> Option<Finding> {
    let reviewed = block.reviewed.as_deref()?;
    let name = &block.name;
    let target = format!("{}#{name}", context.document.path);
    let help = format!("read it, then `phx review {}`", context.folder.quoted(&target));
    let Ok(date) = NaiveDate::parse_from_str(reviewed, "%Y-%m-%d") else {
        let message = format!("`reviewed:{reviewed}` of the MANUAL section `{name}` is no date");
        return Some(
            context.finding(&RULE, block.opener, name, message).help(format!("{help}; a date is `2025-08-29`")),
        );
    };
    let window = context.window()?;
    // A review holds until the end of its day.
    let passed = context.now - (date.and_time(NaiveTime::MIN).and_utc() + Duration::days(1));
    if passed <= window {
        return None;
    }
    let (passed, window) = (duration::words(passed), duration::words(window));
    let message =
        format!("the MANUAL section `{name}` was last reviewed {passed} ago; the document's window is {window}");
    Some(context.finding(&RULE, block.opener, name, message).help(help))
}
