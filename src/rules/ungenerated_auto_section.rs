//! An AUTO block that phx has never written.

use super::outdated_auto_section::{BLOCKED_HELP, blocked};
use super::{Context, Rule, RuleCheck};
use crate::finding::{Finding, Severity};
use crate::regen::checksum::ChecksumState;
use crate::regen::{BlockPlan, Measured, RenderOutcome, changes};

/// The rule.
pub const RULE: Rule = Rule {
    slug: "ungenerated-auto-section",
    severity: Severity::Warning,
    summary: "an AUTO block without a checksum: phx has never written it",
    page: include_str!("ungenerated_auto_section.md"),
    options: &[],
    checks: &[RuleCheck::Block(check)],
};

fn check(context: &Context<'_>, plan: &BlockPlan) -> Option<Finding> {
    if plan.state != ChecksumState::Ungenerated {
        return None;
    }
    let document = context.document;
    let block = &document.blocks[plan.block];
    let standing = document.slice(block.body);
    let name = &block.name;
    let never = format!("phx has never written the AUTO block `{name}`");
    let (message, help) = match &plan.outcome {
        RenderOutcome::Body(body) => {
            let words = changes::words(standing, body, &plan.provenance);
            let would = if words.is_empty() { "only the checksum would be new" } else { &words };
            (format!("{never}: {would}"), format!("`phx regen {}` writes it", context.quoted_path()))
        }
        // Nothing stands there that a program should have written.
        RenderOutcome::NoFacts if standing.trim().is_empty() => return None,
        RenderOutcome::NoFacts => {
            let sources = plan.sources().join(", or ");
            if plan.unavailable_facts.iter().any(|unavailable_facts| Measured::is_source(&unavailable_facts.source)) {
                let help = format!("{sources}; then run `phx regen {}`", context.quoted_path());
                (format!("{never}: what it shows is measured, and only `phx regen` measures"), help)
            } else if sources.is_empty() {
                let help =
                    "add the items that it counts to the document, or remove the markers of the block".to_owned();
                (format!("{never}: the document has nothing that it counts"), help)
            } else {
                (format!("{never}: no fact that it shows has a source"), sources)
            }
        }
        RenderOutcome::NoTemplate => {
            let kind = &document.shape.kind;
            let own = format!(".phx/templates/sections/{kind}/{name}.md");
            (format!("{never}: there is no template for it"), format!("write `{own}`, or take its markers out"))
        }
        RenderOutcome::Blocked(blockers) => {
            let message = format!("AUTO block `{name}` has no checksum and cannot be written: {}", blocked(blockers));
            (message, BLOCKED_HELP.to_owned())
        }
        RenderOutcome::Failed(error) => {
            let message = format!("{never}: it cannot be rendered: {error}");
            (message, "mend what it names; the block stays as it is".to_owned())
        }
    };
    Some(context.finding(&RULE, block.opener, name, message).help(help))
}
