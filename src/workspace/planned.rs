//! Visits documents together with the plans of their AUTO blocks. The facts that a template needs are read before it is
//! rendered.

use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;

use super::measured::Measurements;
use super::visit::Visit;
use super::{DocumentIndex, Loaded, Project, Selection, Visited};
use crate::corpus::{Digest, Digests};
use crate::document::Document;
use crate::regen::checksum::ChecksumState;
use crate::regen::facts::{Facts, MeasuredFacts, documents};
use crate::regen::plan::{self, BlockPlan, Sources};

/// Inputs of planning.
#[derive(Debug)]
pub struct Planning<'a> {
    /// Tree facts, without those of other documents.
    pub facts: Facts,
    /// Measured facts; if `None`, existing values stay unchanged.
    pub measurements: Option<&'a Measurements<'a>>,
    /// Index of all documents; if `None`, all documents are read when a template needs other documents.
    pub document_index: Option<&'a DocumentIndex>,
}

impl Planning<'_> {
    /// Creates a plan input from tree facts only.
    pub fn of(facts: Facts) -> Self {
        Self { facts, measurements: None, document_index: None }
    }
}

/// Document with its plans and the sources to make further plans from.
#[derive(Clone, Copy, Debug)]
pub struct Planned<'a> {
    pub document: &'a Arc<Document>,
    /// Plans of the AUTO blocks.
    pub plans: &'a [BlockPlan],
    /// Sources that the plans were made from.
    pub sources: Sources<'a>,
}

/// Item of a visit with plans.
#[derive(Debug)]
pub enum PlannedDocument<'a> {
    Document(Planned<'a>),
    /// File that is not a governed document or cannot be read.
    Other(Visited<'a>),
}

impl Project {
    /// Visits the selected documents. Documents whose templates read other documents come last, after all others are
    /// known.
    pub fn visit_planned(
        &self,
        selection: Selection,
        planning: &Planning<'_>,
        see: &(dyn Fn(PlannedDocument<'_>) + Sync),
    ) -> Visit {
        let facts = Arc::new(planning.facts.clone());
        let later: Mutex<Vec<Arc<Document>>> = Mutex::default();
        let mut visit = self.visit(selection, &|visited| match visited {
            Visited::Document(document) if self.library.reads_documents(document) => {
                later.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(document));
            }
            Visited::Document(document) => self.see_planned(document, &facts, planning, see),
            other => see(PlannedDocument::Other(other)),
        });
        let later = later.into_inner().unwrap_or_else(PoisonError::into_inner);
        if !later.is_empty() {
            let (digests, notices) = match planning.document_index {
                Some(document_index) => (document_index.digests(), Vec::new()),
                None => self.digests(),
            };
            visit
                .notices
                .extend(notices.into_iter().filter(|notice| !visit.notices.contains(notice)).collect::<Vec<_>>());
            let digests = Arc::new(digests);
            let facts = Arc::new(Facts { documents: documents::value(Arc::clone(&digests)), ..planning.facts.clone() });
            if planning.document_index.is_some() {
                self.read_required(&later, &facts, &digests);
            }
            match later.as_slice() {
                [document] => self.see_planned(document, &facts, planning, see),
                later => later.par_iter().for_each(|document| self.see_planned(document, &facts, planning, see)),
            }
        }
        visit
    }

    fn see_planned(
        &self,
        document: &Arc<Document>,
        facts: &Arc<Facts>,
        planning: &Planning<'_>,
        see: &(dyn Fn(PlannedDocument<'_>) + Sync),
    ) {
        let measured = match planning.measurements {
            None => Arc::new(MeasuredFacts::default()),
            Some(measurements) => measurements.of(document, &self.library.needs(document)),
        };
        let sources = Sources { library: &self.library, facts, measured: &measured };
        let mut plans = plan::document(document, sources);
        for plan in plans.iter_mut().filter(|plan| plan.state == ChecksumState::Edited) {
            plan.committed = self.committed_body(document, plan);
        }
        see(PlannedDocument::Document(Planned { document, plans: &plans, sources }));
    }

    /// Reads the documents that templates need, and repeats planning until no further document is needed.
    pub fn read_required(&self, documents: &[Arc<Document>], facts: &Arc<Facts>, digests: &Digests) {
        let measured = Arc::new(MeasuredFacts::default());
        let sources = Sources { library: &self.library, facts, measured: &measured };
        for document in documents {
            loop {
                let _ = plan::document(document, sources);
                let wanted = digests.take_requested();
                if wanted.is_empty() {
                    break;
                }
                for digest in wanted {
                    match self.load_path(&digest.path) {
                        Some(read) => digest.fill(&read),
                        None => digest.fill_empty(),
                    }
                }
            }
        }
    }

    /// Returns the digests of all governed documents of the repository, and notices about files that were skipped.
    fn digests(&self) -> (Digests, Vec<String>) {
        let digests: Mutex<Vec<Digest>> = Mutex::default();
        let visit = self.visit(Selection::All, &|visited| {
            if let Visited::Document(document) = visited {
                let digest = Digest::of(document);
                digests.lock().unwrap_or_else(PoisonError::into_inner).push(digest);
            }
        });
        (Digests::new(digests.into_inner().unwrap_or_else(PoisonError::into_inner)), visit.notices)
    }

    /// Loads the governed document at a path from the project's store.
    pub fn load_path(&self, path: &str) -> Option<Arc<Document>> {
        match self.load(&self.root.join(path), path, &self.relative_to_base(path)) {
            Loaded::Document(document) => Some(document),
            _ => None,
        }
    }
}
