//! An AUTO block whose facts have moved.

use super::{Context, Rule, RuleCheck};
use crate::finding::{Finding, Severity};
use crate::regen::access_log::Blocker;
use crate::regen::checksum::ChecksumState;
use crate::regen::{BlockPlan, RenderOutcome, changes};

/// The rule.
pub const RULE: Rule = Rule {
    slug: "outdated-auto-section",
    severity: Severity::Error,
    summary: "an AUTO block differs from what its template renders now",
    page: include_str!("outdated_auto_section.md"),
    options: &[],
    checks: &[RuleCheck::Block(check)],
};

/// Help for a block that depends on something that cannot be read.
pub(super) const BLOCKED_HELP: &str = "fix what the message names; phx does not write the block before";

/// The problems that keep a block from being written, the first ones in words.
pub(super) fn blocked(blockers: &[Blocker]) -> String {
    const LISTED: usize = 3;
    let mut listed: Vec<String> = blockers.iter().take(LISTED).map(ToString::to_string).collect();
    if blockers.len() > LISTED {
        listed.push(format!("and {} more", blockers.len() - LISTED));
    }
    listed.join("; ")
}

fn check(context: &Context<'_>, plan: &BlockPlan) -> Option<Finding> {
    if plan.state != ChecksumState::Intact {
        return None;
    }
    let document = context.document;
    let block = &document.blocks[plan.block];
    let standing = document.slice(block.body);
    let (message, help) = match &plan.outcome {
        RenderOutcome::Body(body) if body != standing => {
            let words = changes::words(standing, body, &plan.provenance);
            let change = if words.is_empty() { String::new() } else { format!(": {words}") };
            let message = format!("the AUTO block `{}` is outdated{change}", block.name);
            (message, format!("`phx regen {}` writes it", context.quoted_path()))
        }
        RenderOutcome::Failed(error) => {
            let message = format!("the AUTO block `{}` cannot be rendered: {error}", block.name);
            (message, "mend what it names; the block stays as it is".to_owned())
        }
        RenderOutcome::Blocked(blockers) => {
            let message =
                format!("AUTO block `{}` cannot be compared with its facts: {}", block.name, blocked(blockers));
            (message, BLOCKED_HELP.to_owned())
        }
        RenderOutcome::Body(_) | RenderOutcome::NoTemplate | RenderOutcome::NoFacts => return None,
    };
    Some(context.finding(&RULE, block.opener, &block.name, message).help(help))
}
