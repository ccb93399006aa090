//! Validates a change: the documents that it touches, those whose facts it changes, those whose source files it
//! touches, and other stale documents.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use super::Validator;
use crate::config::HookSettings;
use crate::corpus::{Corpus, CorpusEntry, Digest};
use crate::document::Document;
use crate::finding::{Finding, Severity};
use crate::regen::checksum::ChecksumState;
use crate::regen::facts::{Facts, MeasuredFacts, documents};
use crate::regen::plan::{self, RenderOutcome, Sources};
use crate::rules::Whole;
use crate::system::git::objects::{Change, Object};
use crate::workspace::document_index::IndexEntry;
use crate::workspace::planned::{PlannedDocument, Planning};
use crate::workspace::project::inside;
use crate::workspace::{DocumentIndex, Origin, Project, Selection};

/// Number of stale documents that are validated and shown. The others are only counted.
const STALE_LIMIT: usize = 10;

/// Rules for a document whose sources the change touches, but not the document itself.
const RELATED_RULES: &[&str] = &["stale-document", "changed-sources"];

/// Rules for a stale document that is not related to the change.
const STALE_RULES: &[&str] = &["stale-document"];

/// Documents whose templates read other documents, by path, with the outcome of each block.
type Readers = BTreeMap<String, (Arc<Document>, Vec<RenderOutcome>)>;

/// Stale documents that are reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stale {
    /// All stale documents.
    Any,
    /// Stale documents that the change touches or whose sources it touches.
    Related,
    /// Only those that the change touches.
    Touched,
}

impl Stale {
    /// Returns the setting for a commit. A merge is responsible only for the documents that it touches.
    pub(crate) fn of(is_merge: bool, hook: HookSettings) -> Self {
        match (is_merge, hook.any_stale_blocks) {
            (true, _) => Self::Touched,
            (false, true) => Self::Any,
            (false, false) => Self::Related,
        }
    }
}

/// Change from one state of the repository to another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChangeContext<'a> {
    /// Commit before the change.
    pub before: &'a str,
    /// All changed paths.
    pub changes: &'a [Change],
    /// Paths that the change is responsible for; in a merge, those that differ from every parent. `None` for all paths.
    pub own: Option<&'a BTreeSet<String>>,
    /// Stale documents to report.
    pub stale: Stale,
}

/// Documents that a change affects, by path, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ChangeScope {
    /// Documents that it touches or whose facts it changes: all rules run.
    pub direct: Vec<String>,
    /// Documents whose sources it touches.
    pub related: Vec<String>,
    /// Other stale documents.
    pub overdue: Vec<String>,
    /// Whether the change renews a stale document. If so, other stale documents are only warnings.
    pub renews_stale: bool,
    /// All documents, for rules that require a document of a kind; empty if `documents.require` is not set.
    pub corpus: Corpus,
}

/// Findings of a change.
#[derive(Debug, Default)]
pub(crate) struct ScopeFindings {
    /// Sorted findings.
    pub findings: Vec<Finding>,
    /// Number of stale documents without a finding.
    pub omitted_stale: usize,
    /// Whether the omitted stale documents do not reject the change.
    pub stale_is_warning: bool,
}

impl Validator<'_> {
    /// Computes the documents that a change affects, and updates `document_index` from the state before to the state
    /// after the change.
    pub(crate) fn scope(&self, step: ChangeContext<'_>, document_index: &mut DocumentIndex) -> ChangeScope {
        let moved = self.moved(step.changes);
        let before = if moved == FactChange::Nothing { None } else { Some(document_index.clone()) };
        let is_stale = |known: &IndexEntry| known.deadline.is_some_and(|due| due < self.now);
        let changed: Vec<&str> = step.changes.iter().map(|change| change.path.as_str()).collect();
        let were_stale: Vec<&str> =
            changed.iter().copied().filter(|path| document_index.get(path).as_ref().is_some_and(is_stale)).collect();
        document_index.apply_changes(self.project, step.changes);
        let renews_stale =
            were_stale.iter().any(|path| document_index.get(path).is_some_and(|known| !is_stale(&known)));
        let is_own = |path: &&str| step.own.is_none_or(|own| own.contains(*path));
        let touched = step.changes.iter().filter(|change| change.new.as_ref().is_some_and(Object::is_file));
        let touched: Vec<&str> =
            touched.map(|change| change.path.as_str()).filter(|path| self.may_be_document(path)).collect();
        let mut direct: BTreeSet<String> = touched.iter().copied().filter(is_own).map(str::to_owned).collect();
        if let Some(before) = before {
            let candidates = if moved == FactChange::Configuration {
                document_index.documents()
            } else {
                document_index.dependents()
            };
            let candidates: Vec<String> =
                candidates.into_iter().map(|known| known.path).filter(|path| !direct.contains(path)).collect();
            direct.extend(self.affected(step.before, &before, document_index, candidates));
        }
        let related = |known: &IndexEntry| {
            !direct.contains(&known.path) && Project::are_sources_touched(&known.sources, &changed)
        };
        let related: Vec<String> =
            document_index.describing().into_iter().filter(related).map(|known| known.path).collect();
        let is_included = |path: &String| direct.contains(path) || related.binary_search(path).is_ok();
        let stale: Vec<String> = match step.stale {
            Stale::Any => document_index.stale(self.now),
            Stale::Related | Stale::Touched => Vec::new(),
        };
        let overdue = stale.into_iter().filter(|path| !is_included(path)).collect();
        let entry = |known: &IndexEntry| CorpusEntry { path: known.path.clone(), kind: known.kind.clone() };
        let required = !self.project.config.documents.require.is_empty();
        let entries = if required { document_index.documents().iter().map(entry).collect() } else { Vec::new() };
        let corpus = Corpus { entries, ignored: 0 };
        ChangeScope { direct: direct.into_iter().collect(), related, overdue, renews_stale, corpus }
    }

    pub(super) fn may_be_document(&self, path: &str) -> bool {
        self.project.may_be_governed(&self.project.root.join(path))
    }

    /// Determines which shared facts a change affects, in addition to the touched documents.
    fn moved(&self, changes: &[Change]) -> FactChange {
        let project = self.project;
        let own = inside(&project.base_path(), ".phx/");
        let is_setting = |change: &Change| {
            let ledger = change.path.strip_prefix(&own).is_none_or(|rest| rest.starts_with("ledger/"));
            change.path == project.config_file.path || !ledger
        };
        if changes.iter().any(is_setting) {
            return FactChange::Configuration;
        }
        let digest = |object: &Option<Object>, path: &str| {
            let object = object.as_ref().filter(|object| object.is_file())?;
            Some(Digest::of(project.load_object(&object.id, path)?.as_ref()))
        };
        let changes_facts = |change: &Change| {
            if !self.may_be_document(&change.path) {
                return false;
            }
            match (digest(&change.old, &change.path), digest(&change.new, &change.path)) {
                (None, None) => false,
                (Some(old), Some(new)) => !old.provides_same_values(&new),
                _ => true,
            }
        };
        if changes.iter().any(changes_facts) { FactChange::Documents } else { FactChange::Nothing }
    }

    /// Returns the candidates that are outdated now and rendered differently before the change.
    fn affected(
        &self,
        commit: &str,
        before: &DocumentIndex,
        after: &DocumentIndex,
        candidates: Vec<String>,
    ) -> Vec<String> {
        if candidates.is_empty() {
            return Vec::new();
        }
        let facts = || Facts::new(&self.project.config, self.program).at(self.now);
        let planning = Planning { document_index: Some(after), ..Planning::of(facts()) };
        let outdated: Mutex<Readers> = Mutex::default();
        self.project.visit_planned(Selection::Known(candidates), &planning, &|item| {
            let PlannedDocument::Document(planned) = item else { return };
            let is_outdated = |plan: &plan::BlockPlan| match &plan.outcome {
                RenderOutcome::Body(body) => planned.document.slice(planned.document.blocks[plan.block].body) != body,
                RenderOutcome::Failed(_) | RenderOutcome::Blocked(_) => plan.state != ChecksumState::Ungenerated,
                RenderOutcome::NoTemplate | RenderOutcome::NoFacts => false,
            };
            if planned.plans.iter().any(is_outdated) {
                let outcomes = planned.plans.iter().map(|plan| plan.outcome.clone()).collect();
                let found = (Arc::clone(planned.document), outcomes);
                let mut outdated = outdated.lock().unwrap_or_else(PoisonError::into_inner);
                outdated.insert(planned.document.path.clone(), found);
            }
        });
        let outdated = outdated.into_inner().unwrap_or_else(PoisonError::into_inner);
        if outdated.is_empty() {
            return Vec::new();
        }
        // A document with the same outcomes before the change is not affected by it.
        let past = super::open::project(self.config.as_deref(), &Origin::Revision(commit.to_owned()));
        let Ok(past) = past else {
            return outdated.into_keys().collect();
        };
        let facts = past.facts_of(Facts::new(&past.config, self.program).at(self.now), before, &outdated);
        let measured = Arc::new(MeasuredFacts::default());
        let sources = Sources { library: &past.library, facts: &facts, measured: &measured };
        let same = |document: &Arc<Document>, outcomes: &[RenderOutcome]| {
            plan::document(document, sources).iter().map(|plan| &plan.outcome).eq(outcomes)
        };
        let affected = outdated.into_iter().filter(|(_, (document, outcomes))| !same(document, outcomes));
        affected.map(|(path, _)| path).collect()
    }

    /// Validates the documents of a scope. The severity of `stale-document` depends on `step.stale`.
    pub(crate) fn validate_scope(&self, scope: &ChangeScope, step: ChangeContext<'_>) -> ScopeFindings {
        let mut result = ScopeFindings::default();
        let (_, mut direct) = self.documents(Selection::Known(scope.direct.clone()));
        if step.stale == Stale::Related {
            let touched: Vec<&str> = step.changes.iter().map(|change| change.path.as_str()).collect();
            for finding in direct.iter_mut().filter(|finding| finding.rule == "stale-document") {
                let document = self.project.load_path(&finding.path);
                let globs = document.map(|document| document.governance.sources()).unwrap_or_default();
                if !Project::are_sources_touched(&globs, &touched) {
                    finding.severity = Severity::Warning;
                }
            }
        }
        result.findings = direct;
        result.findings.extend(self.lost(step.changes));
        let mut related = self.run_rules(RELATED_RULES, scope.related.clone());
        if step.stale == Stale::Touched {
            related.retain(|finding| finding.rule != "stale-document");
        }
        result.findings.extend(related);
        let mut shown = 0;
        for (at, paths) in scope.overdue.chunks(STALE_LIMIT).enumerate() {
            if shown >= STALE_LIMIT {
                result.omitted_stale = scope.overdue.len() - at * STALE_LIMIT;
                result.stale_is_warning = scope.renews_stale;
                break;
            }
            let mut stale = self.run_rules(STALE_RULES, paths.to_vec());
            if scope.renews_stale {
                for finding in &mut stale {
                    finding.severity = Severity::Warning;
                }
            }
            shown += stale.len();
            result.findings.extend(stale);
        }
        result.findings.extend(self.runner.whole(&Whole {
            corpus: &scope.corpus,
            config: &self.project.config,
            config_source: self.project.config_file.source(),
            catalog: &self.project.catalog,
        }));
        crate::finding::sort(&mut result.findings);
        result
    }
}

impl Validator<'_> {
    /// Validates documents with some of the rules.
    fn run_rules(&self, rules: &[&str], paths: Vec<String>) -> Vec<Finding> {
        if paths.is_empty() {
            return Vec::new();
        }
        let runner = self.runner.only(rules);
        let mut validator = Validator::new(self.project, &runner, self.now, self.program);
        validator.before.clone_from(&self.before);
        let (_, mut found) = validator.documents(Selection::Known(paths));
        found.retain(|finding| rules.contains(&finding.rule));
        found
    }
}

/// Shared facts that a change affects, in addition to the touched documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FactChange {
    Nothing,
    /// Values that documents provide to others.
    Documents,
    /// Configuration, schemas or templates.
    Configuration,
}

impl Project {
    /// Returns the tree facts before the change, with the documents that the readers need.
    fn facts_of(&self, facts: Facts, document_index: &DocumentIndex, readers: &Readers) -> Arc<Facts> {
        let digests = Arc::new(document_index.digests());
        let facts = Arc::new(Facts { documents: documents::value(Arc::clone(&digests)), ..facts });
        let readers: Vec<Arc<Document>> = readers.values().map(|(document, _)| Arc::clone(document)).collect();
        self.read_required(&readers, &facts, &digests);
        facts
    }
}
