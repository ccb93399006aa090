//! `phx status`: every governed document, when it is due, and how its AUTO blocks stand.

use std::sync::{Mutex, PoisonError};

use super::session::Session;
use super::{findings, program};
use crate::cli::{ListFormat, Status};
use crate::corpus::reviews::Past;
use crate::examine::Examiner;
use crate::failure::{CLEAN, Failure};
use crate::regen::sum;
use crate::regen::{BlockPlan, Outcome};
use crate::report::status::{self, Line, State};
use crate::rules::{Judge, is_due_soon};
use crate::system::disk;
use crate::workspace::planned::{Met, Planned};
use crate::workspace::{Selection, Visited};

/// Runs the command.
pub fn run(session: &Session, arguments: &Status) -> Result<u8, Failure> {
    let project = session.project()?;
    let judge = Judge::default();
    let examiner = Examiner::new(&project, &judge, session.now, program::facts);
    let selection = match arguments.paths.as_slice() {
        [] => Selection::All,
        paths => Selection::Paths(paths.to_vec()),
    };
    let lines = Mutex::new(Vec::new());
    let visit = project.visit_planned(selection, &examiner.planning(), &|met| match met {
        Met::Document(planned) => {
            lines.lock().unwrap_or_else(PoisonError::into_inner).push(line(&examiner, planned));
        }
        Met::Other(Visited::Unreadable { path, why }) => session.notice(&format!("`{path}` cannot be read: {why}")),
        Met::Other(Visited::TooLarge { path }) => session.notice(&format!("`{path}` is longer than a document may be")),
        Met::Other(Visited::Document(_) | Visited::Ungoverned { .. }) => {}
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
    findings::refuse_nothing(&visit, &arguments.paths, arguments.allow_empty)?;
    match arguments.output {
        ListFormat::Text => Session::show(&text)?,
        ListFormat::Json => Session::print(&text)?,
    }
    Ok(CLEAN)
}

fn line(examiner: &Examiner<'_>, planned: Planned<'_>) -> Line {
    let Planned { document, plans, .. } = planned;
    let governance = &document.governance;
    let due = governance.update_required_by.as_ref().map(|due| due.value);
    let due_soon = examiner.with_context(document, plans, &Past::default(), is_due_soon);
    let state = match due {
        None => State::Unknown,
        Some(due) if due < examiner.now => State::Stale,
        Some(_) if due_soon => State::DueSoon,
        Some(_) => State::Current,
    };
    let states = ["current", "outdated", "edited", "ungenerated", "failed"];
    let of = |plan: &BlockPlan| block_state(document.slice(document.blocks[plan.block].body), plan);
    let counted = states.iter().map(|state| (*state, plans.iter().filter(|plan| of(plan) == *state).count()));
    Line {
        path: document.path.clone(),
        kind: document.shape.kind.clone(),
        updated: governance.last_updated.as_ref().map(|updated| updated.value),
        due,
        state,
        blocks: counted.filter(|(_, count)| *count > 0).collect(),
    }
}

fn block_state(standing: &str, plan: &BlockPlan) -> &'static str {
    match (plan.state, &plan.outcome) {
        (sum::State::Edited, _) => "edited",
        (sum::State::Unwritten, _) => "ungenerated",
        (sum::State::Intact, Outcome::Body(body)) if body != standing => "outdated",
        (sum::State::Intact, Outcome::Failed(_) | Outcome::Blocked(_)) => "failed",
        (sum::State::Intact, _) => "current",
    }
}
