//! Rule: the body of an AUTO block does not match its checksum.

use super::{Context, Rule, RuleCheck};
use crate::finding::{Finding, Severity};
use crate::regen::BlockPlan;
use crate::regen::checksum::ChecksumState;

pub(super) const RULE: Rule = Rule {
    slug: "edited-auto-section",
    severity: Severity::Error,
    summary: "an AUTO block was edited by hand",
    page: include_str!("edited_auto_section.md"),
    options: &[],
    checks: &[RuleCheck::Block(check)],
};

fn check(context: &Context<'_>, plan: &BlockPlan) -> Option<Finding> {
    if plan.state != ChecksumState::Edited {
        return None;
    }
    let block = &context.document.blocks[plan.block];
    let path = context.quoted_path();
    let edit = plan.edit(context.document).map(|edit| format!(": {edit}")).unwrap_or_default();
    let message = format!("AUTO block `{}` was edited by hand{edit}", block.name);
    let hint = plan.config_hint().map(|hint| format!("; {hint}")).unwrap_or_default();
    let help = format!("run `phx regen --force {path}` to restore it{hint}");
    let marker = block.closer.unwrap_or(block.opener);
    Some(context.finding(&RULE, marker, &block.name, message).help(help))
}
