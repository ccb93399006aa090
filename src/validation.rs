//! Runs the rules on the documents of a project in parallel, each with its review history.

pub(crate) mod change;
mod lost_governance;
pub(crate) mod open;
pub(crate) mod reviews;
pub(crate) mod policy;
pub(crate) mod sign_off;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::corpus::reviews::{Review, ReviewHistory};
use crate::document::Document;
use crate::finding::Finding;
use crate::regen::BlockPlan;
use crate::regen::facts::Facts;
use crate::rules::{BrokenFile, Context, GovernanceEvidence, RuleRunner, UnreadReason};
use crate::workspace::load::Markers;
use crate::workspace::planned::{Planned, PlannedDocument, Planning};
use crate::workspace::visit::Visit;
use crate::workspace::{DocumentIndex, Project, Selection, Store, Visited};

/// Receiver of findings, with their document if the file could be parsed.
pub(crate) type Tell<'a> = dyn Fn(Option<&Arc<Document>>, Vec<Finding>) + Sync + 'a;

/// Comparison of documents with an earlier state of the repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// Validate documents on their own.
    None,
    /// Validate a change: documents are compared with [`Validator::before`].
    Change,
}

/// Validator of the documents of one project.
#[derive(Debug)]
pub(crate) struct Validator<'a> {
    pub project: &'a Project,
    /// Rules and their levels.
    pub runner: &'a RuleRunner,
    /// Time that deadlines are compared with.
    pub now: DateTime<Utc>,
    /// Facts about the phx program itself.
    pub program: fn() -> Value,
    /// Commit that documents are compared with; `HEAD` by default.
    pub before: String,
    /// Index of all documents, if available.
    pub document_index: Option<&'a DocumentIndex>,
    /// Configuration file that the user named.
    pub config: Option<PathBuf>,
    pub comparison: Comparison,
    /// Latest review of each document in the ledger, by path.
    latest_reviews: OnceLock<BTreeMap<String, Review>>,
    has_ledger: OnceLock<bool>,
    committed: OnceLock<Option<Store>>,
}

impl<'a> Validator<'a> {
    /// Creates a validator that compares documents with `HEAD`.
    pub(crate) fn new(
        project: &'a Project,
        runner: &'a RuleRunner,
        now: DateTime<Utc>,
        program: fn() -> Value,
    ) -> Self {
        let (has_ledger, committed) = (OnceLock::new(), OnceLock::new());
        Self {
            project,
            runner,
            now,
            program,
            before: "HEAD".to_owned(),
            document_index: None,
            config: None,
            comparison: Comparison::None,
            latest_reviews: OnceLock::new(),
            has_ledger,
            committed,
        }
    }

    /// Returns the inputs for plans from tree facts only.
    pub(crate) fn planning(&self) -> Planning<'_> {
        let facts = Facts::new(&self.project.config, self.program).at(self.now);
        Planning { document_index: self.document_index, ..Planning::of(facts) }
    }

    /// Calls `with` with the context that rules validate a document in.
    pub(crate) fn with_context<T>(
        &self,
        document: &Document,
        plans: &[BlockPlan],
        past: &ReviewHistory,
        with: impl FnOnce(&Context<'_>) -> T,
    ) -> T {
        with(&Context {
            document,
            kind: &self.project.kind(&document.shape.kind),
            catalog: &self.project.catalog,
            claimed: self.project.claimed(&self.project.relative_to_base(&document.path)),
            config: &self.project.config,
            plans,
            reviews: past,
            now: self.now,
            folder: &self.project.folder,
        })
    }

    /// Validates a document.
    pub(crate) fn document(&self, document: &Document, plans: &[BlockPlan]) -> Vec<Finding> {
        let past =
            if self.runner.needs_review_history() { self.review_history(document) } else { ReviewHistory::default() };
        self.with_context(document, plans, &past, |context| self.runner.document(context))
    }

    /// Validates the selected documents. Findings are in no particular order.
    pub(crate) fn documents(&self, selection: Selection) -> (Visit, Vec<Finding>) {
        let findings = Mutex::new(Vec::new());
        let visit = self.each(selection, &|_, found| {
            findings.lock().unwrap_or_else(PoisonError::into_inner).extend(found);
        });
        (visit, findings.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// Validates the selected documents and passes the findings of each document or file to `tell`, if it has any.
    pub(crate) fn each(&self, selection: Selection, tell: &Tell<'_>) -> Visit {
        let see = |document: &Arc<Document>, plans: &[BlockPlan]| {
            let found = self.document(document, plans);
            if !found.is_empty() {
                tell(Some(document), found);
            }
        };
        if self.runner.needs_plans() {
            return self.planned(selection, tell, &|planned| see(planned.document, planned.plans));
        }
        self.project.visit(selection, &|visited| match visited {
            Visited::Document(document) => see(document, &[]),
            other => self.broken(&other, tell),
        })
    }

    /// Passes each selected document with its plans to `see`, and the findings of other files to `tell`.
    pub(crate) fn planned(&self, selection: Selection, tell: &Tell<'_>, see: &(dyn Fn(Planned<'_>) + Sync)) -> Visit {
        self.project.visit_planned(selection, &self.planning(), &|item| match item {
            PlannedDocument::Document(planned) => see(planned),
            PlannedDocument::Other(other) => self.broken(&other, tell),
        })
    }

    /// Returns the evidence that a file without a governance block should be governed, if there is any.
    fn evidence(&self, path: &str, markers: Markers) -> Option<GovernanceEvidence> {
        if self.comparison == Comparison::Change && self.was_governed(path) {
            return Some(GovernanceEvidence::GovernedBefore);
        }
        if markers == Markers::Found {
            return Some(GovernanceEvidence::Markers);
        }
        if self.latest_reviews().contains_key(path) {
            return Some(GovernanceEvidence::Recorded);
        }
        let name = path.rsplit('/').next().unwrap_or(path);
        self.project.catalog.kind_of_file(name).map(|kind| GovernanceEvidence::FileName(kind.to_owned()))
    }

    fn broken(&self, visited: &Visited<'_>, tell: &Tell<'_>) {
        let (path, why) = match visited {
            Visited::Document(_) => return,
            Visited::Unreadable { path, why } => (path, UnreadReason::Unreadable((*why).to_owned())),
            Visited::TooLarge { path } => (path, UnreadReason::TooLarge),
            Visited::Ungoverned { path, markers } => match self.evidence(path, *markers) {
                Some(evidence) => (path, UnreadReason::Ungoverned(evidence)),
                None => return,
            },
        };
        let found = self.validate_broken(path, &why);
        tell(None, found);
    }

    fn validate_broken(&self, path: &str, why: &UnreadReason) -> Vec<Finding> {
        self.runner.broken(&BrokenFile { path, reason: why, folder: &self.project.folder })
    }
}
