//! Running the rules on documents, in parallel.

use std::sync::{Arc, Mutex, PoisonError};

use super::program;
use super::session::Session;
use crate::document::Document;
use crate::finding::Finding;
use crate::regen::BlockPlan;
use crate::regen::facts::Facts;
use crate::rules::{Broken, BrokenFile, Context, Judge};
use crate::workspace::planned::{Met, Planning};
use crate::workspace::visit::Visit;
use crate::workspace::{Project, Selection, Visited};

/// Is told a document, where there is one, and what is wrong with it.
pub type Tell<'a> = dyn Fn(Option<&Arc<Document>>, Vec<Finding>) + Sync + 'a;

/// Does something with a document and what it is held against.
pub fn with_context<T>(
    session: &Session,
    project: &Project,
    document: &Document,
    plans: &[BlockPlan],
    with: impl FnOnce(&Context<'_>) -> T,
) -> T {
    with(&Context {
        document,
        kind: &project.kind(&document.shape.kind),
        catalog: &project.catalog,
        config: &project.config,
        plans,
        now: session.now,
    })
}

/// What is wrong with the selected documents.
pub fn documents(session: &Session, project: &Project, judge: &Judge, selection: Selection) -> (Visit, Vec<Finding>) {
    let findings = Mutex::new(Vec::new());
    let visit = each(session, project, judge, selection, &|_, found| {
        findings.lock().unwrap_or_else(PoisonError::into_inner).extend(found);
    });
    (visit, findings.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// Tells what is wrong with each document, where something is. A file that could not become a document is none.
pub fn each(session: &Session, project: &Project, judge: &Judge, selection: Selection, tell: &Tell<'_>) -> Visit {
    let see = |document: &Arc<Document>, plans: &[BlockPlan]| {
        let found = with_context(session, project, document, plans, |context| judge.document(context));
        if !found.is_empty() {
            tell(Some(document), found);
        }
    };
    let broken = |visited: &Visited<'_>| {
        let found = match visited {
            Visited::Document(_) => return,
            Visited::Unreadable { path, why } => {
                judge.broken(&BrokenFile { path, why: &Broken::Unreadable((*why).to_owned()) })
            }
            Visited::TooLarge { path } => judge.broken(&BrokenFile { path, why: &Broken::TooLarge }),
        };
        tell(None, found);
    };
    if !judge.needs_plans() {
        return project.visit(selection, &|visited| match visited {
            Visited::Document(document) => see(document, &[]),
            other => broken(&other),
        });
    }
    let planning = Planning { facts: Facts::new(&project.config, program::facts), measurements: None };
    project.visit_planned(selection, &planning, &|met| match met {
        Met::Document(planned) => see(planned.document, planned.plans),
        Met::Other(other) => broken(&other),
    })
}
