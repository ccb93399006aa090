//! `phx status`: lists governed documents with their deadlines and the state of their AUTO blocks.

use std::sync::{Mutex, PoisonError};

use super::session::Session;
use super::{findings, program};
use crate::cli::{ListFormat, StatusArgs};
use crate::corpus::reviews::ReviewHistory;
use crate::failure::{CLEAN, Failure};
use crate::regen::checksum;
use crate::regen::{BlockPlan, RenderOutcome};
use crate::report::status::{self, DeadlineState, StatusLine};
use crate::rules::{RuleRunner, is_due_soon};
use crate::system::disk;
use crate::validation::Validator;
use crate::workspace::planned::{Planned, PlannedDocument};
use crate::workspace::{Selection, Visited};

pub(super) fn run(session: &Session, arguments: &StatusArgs) -> Result<u8, Failure> {
    let project = session.project()?;
    let rule_runner = RuleRunner::default();
    let validator = Validator::new(&project, &rule_runner, session.now, program::facts);
    let selection = match arguments.paths.as_slice() {
        [] => Selection::All,
        paths => Selection::Paths(paths.to_vec()),
    };
    let lines = Mutex::new(Vec::new());
    let visit = project.visit_planned(selection, &validator.planning(), &|visited| match visited {
        PlannedDocument::Document(planned) => {
            lines.lock().unwrap_or_else(PoisonError::into_inner).push(line(&validator, planned));
        }
        PlannedDocument::Other(Visited::Unreadable { path, why }) => {
            session.notice(&format!("cannot read `{path}`: {why}"));
        }
        PlannedDocument::Other(Visited::TooLarge { path }) => {
            session.notice(&format!("`{path}` is larger than the size limit"));
        }
        PlannedDocument::Other(Visited::Document(_) | Visited::Ungoverned { .. }) => {}
    });
    let mut lines = lines.into_inner().unwrap_or_else(PoisonError::into_inner);
    status::sort(&mut lines);
    let text = match arguments.output {
        ListFormat::Text => status::text(&lines, session.now, &project.folder, session.color),
        ListFormat::Json => status::json(&lines, session.now),
    };
    for failure in &visit.failures {
        disk::write_stderr(&failure.to_string());
    }
    if let Some(failure) = visit.failures.first() {
        return Ok(failure.exit_code());
    }
    findings::ensure_documents_found(&visit, &arguments.paths, arguments.allow_empty)?;
    match arguments.output {
        ListFormat::Text => Session::show(&text)?,
        ListFormat::Json => Session::print(&text)?,
    }
    Ok(CLEAN)
}

fn line(validator: &Validator<'_>, planned: Planned<'_>) -> StatusLine {
    let Planned { document, plans, .. } = planned;
    let governance = &document.governance;
    let due = governance.update_required_by.as_ref().map(|due| due.value);
    let due_soon = validator.with_context(document, plans, &ReviewHistory::default(), is_due_soon);
    let state = match due {
        None => DeadlineState::Unknown,
        Some(due) if due < validator.now => DeadlineState::Stale,
        Some(_) if due_soon => DeadlineState::DueSoon,
        Some(_) => DeadlineState::Current,
    };
    let states = ["current", "outdated", "edited", "ungenerated", "failed"];
    let of = |plan: &BlockPlan| block_state(document.slice(document.blocks[plan.block].body), plan);
    let counted = states.iter().map(|state| (*state, plans.iter().filter(|plan| of(plan) == *state).count()));
    StatusLine {
        path: document.path.clone(),
        kind: document.shape.kind.clone(),
        updated: governance.last_updated.as_ref().map(|updated| updated.value),
        due,
        state,
        blocks: counted.filter(|(_, count)| *count > 0).collect(),
    }
}

fn block_state(current_body: &str, plan: &BlockPlan) -> &'static str {
    match (plan.state, &plan.outcome) {
        (checksum::ChecksumState::Edited, _) => "edited",
        (checksum::ChecksumState::Ungenerated, _) => "ungenerated",
        (checksum::ChecksumState::Intact, RenderOutcome::Body(body)) if body != current_body => "outdated",
        (checksum::ChecksumState::Intact, RenderOutcome::Failed(_) | RenderOutcome::Blocked(_)) => "failed",
        (checksum::ChecksumState::Intact, _) => "current",
    }
}
