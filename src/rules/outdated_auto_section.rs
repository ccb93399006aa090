//! Rule: the body of an AUTO block differs from its rendering.

use super::{Context, Rule, RuleCheck};
use crate::finding::{Finding, Severity};
use crate::regen::access_log::Blocker;
use crate::regen::checksum::ChecksumState;
use crate::regen::{BlockPlan, RenderOutcome, changes};

pub(super) const RULE: Rule = Rule {
    slug: "outdated-auto-section",
    severity: Severity::Error,
    summary: "an AUTO block differs from its rendering",
    page: include_str!("outdated_auto_section.md"),
    options: &[],
    checks: &[RuleCheck::Block(check)],
};

/// Help for a block that depends on a value that cannot be read.
pub(super) const BLOCKED_HELP: &str = "fix the reported problem; the block was not changed";

/// Lists the first problems that prevent a block from being rendered, and the number of further ones.
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
    let current_body = document.slice(block.body);
    let (message, help) = match &plan.outcome {
        RenderOutcome::Body(body) if body != current_body => {
            let words = changes::words(current_body, body, &plan.provenance);
            let change = if words.is_empty() { String::new() } else { format!(": {words}") };
            let message = format!("AUTO block `{}` is outdated{change}", block.name);
            (message, format!("run `phx regen {}` to update it", context.quoted_path()))
        }
        RenderOutcome::Failed(error) => {
            let message = format!("AUTO block `{}` cannot be rendered: {error}", block.name);
            (message, "fix the reported problem; the block was not changed".to_owned())
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
