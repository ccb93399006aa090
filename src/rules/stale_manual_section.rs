//! Rule: the last review of a MANUAL section is longer ago than the window of the document.

use chrono::{Duration, NaiveDate, NaiveTime};

use super::{Context, Rule, RuleCheck};
use crate::document::{Block, BlockMode};
use crate::finding::{Finding, Severity};
use crate::text::duration;

pub(super) const RULE: Rule = Rule {
    slug: "stale-manual-section",
    severity: Severity::Warning,
    summary: "the last review of a MANUAL section is longer ago than the window",
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
    let help = format!("read it, then run `phx review {}` to sign it off", context.folder.quoted(&target));
    let Ok(date) = NaiveDate::parse_from_str(reviewed, "%Y-%m-%d") else {
        let message = format!("`reviewed:{reviewed}` of MANUAL section `{name}` is not a valid date");
        return Some(
            context
                .finding(&RULE, block.opener, name, message)
                .help(format!("{help}; dates have the form `2025-08-29`")),
        );
    };
    let window = context.window()?;
    // A review is valid until the end of its day.
    let passed = context.now - (date.and_time(NaiveTime::MIN).and_utc() + Duration::days(1));
    if passed <= window {
        return None;
    }
    let (passed, window) = (duration::format_words(passed), duration::format_words(window));
    let message =
        format!("MANUAL section `{name}` was last reviewed {passed} ago; the window of the document is {window}");
    Some(context.finding(&RULE, block.opener, name, message).help(help))
}
