//! Rule: an AUTO block has no checksum, because phx has never written it.

use super::outdated_auto_section::{BLOCKED_HELP, blocked};
use super::{Context, Rule, RuleCheck};
use crate::finding::{Finding, Severity};
use crate::regen::checksum::ChecksumState;
use crate::regen::{BlockPlan, Measured, RenderOutcome, changes};

pub(super) const RULE: Rule = Rule {
    slug: "ungenerated-auto-section",
    severity: Severity::Warning,
    summary: "an AUTO block has no checksum, because phx has never written it",
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
    let current_body = document.slice(block.body);
    let name = &block.name;
    let prefix = format!("AUTO block `{name}` has no checksum");
    let (message, help) = match &plan.outcome {
        RenderOutcome::Body(body) => {
            let words = changes::words(current_body, body, &plan.provenance);
            let change = if words.is_empty() { "only the checksum would be added" } else { &words };
            (format!("{prefix}: {change}"), format!("run `phx regen {}` to update it", context.quoted_path()))
        }
        // An empty body without available facts needs no checksum.
        RenderOutcome::NoFacts if current_body.trim().is_empty() => return None,
        RenderOutcome::NoFacts => {
            let sources = plan.sources().join(", or ");
            if plan.unavailable_facts.iter().any(|fact| Measured::is_source(&fact.source)) {
                let help = format!("{sources}; then run `phx regen {}`", context.quoted_path());
                (format!("{prefix}: its facts are measured, and only `phx regen` measures facts"), help)
            } else if sources.is_empty() {
                let help =
                    "add the items that it counts to the document, or remove the markers of the block".to_owned();
                (format!("{prefix}: the document has no items that it counts"), help)
            } else {
                (format!("{prefix}: every fact that it uses is unavailable"), sources)
            }
        }
        RenderOutcome::NoTemplate => {
            let kind = &document.shape.kind;
            let own = format!(".phx/templates/sections/{kind}/{name}.md");
            (format!("{prefix}: no template exists for it"), format!("create `{own}`, or remove its markers"))
        }
        RenderOutcome::Blocked(blockers) => {
            let message = format!("AUTO block `{name}` has no checksum and cannot be written: {}", blocked(blockers));
            (message, BLOCKED_HELP.to_owned())
        }
        RenderOutcome::Failed(error) => {
            let message = format!("{prefix}: it cannot be rendered: {error}");
            (message, "fix the reported problem; the block was not changed".to_owned())
        }
    };
    Some(context.finding(&RULE, block.opener, name, message).help(help))
}
