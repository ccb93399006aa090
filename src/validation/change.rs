//! What a change concerns: the documents that it touches, those whose facts it moves, those that describe what it touches,
//! and those that are overdue whatever it touches.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use super::Validator;
use crate::config::HookSettings;
use crate::corpus::{Corpus, CorpusEntry, Digest};
use crate::document::Document;
use crate::failure::Failure;
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

/// How many overdue documents are read and shown; of the others their number is told.
const SHOWN: usize = 10;

/// The rules that are asked of a document that the change does not touch, but whose sources it does.
const OF_RELATED: &[&str] = &["stale-document", "changed-sources"];

/// The rule that is asked of a document that is overdue whatever the change touches.
const OF_OVERDUE: &[&str] = &["stale-document"];

/// Documents whose templates look at others, by path, each with what its blocks come to.
type Readers = BTreeMap<String, (Arc<Document>, Vec<RenderOutcome>)>;

/// Which overdue documents are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stale {
    /// Any.
    Any,
    /// Those whose sources the change touches.
    Related,
    /// Those that the change touches, as with every rule.
    Touched,
}

impl Stale {
    /// What is told of a commit: a merge answers for what it touches alone.
    pub fn of(is_merge: bool, hook: HookSettings) -> Self {
        match (is_merge, hook.any_stale_blocks) {
            (true, _) => Self::Touched,
            (false, true) => Self::Any,
            (false, false) => Self::Related,
        }
    }
}

/// A change from one state of the repository to another.
#[derive(Clone, Copy, Debug)]
pub struct ChangeContext<'a> {
    /// The commit before it.
    pub before: &'a str,
    /// All paths that it changes.
    pub changes: &'a [Change],
    /// The paths that it itself speaks for; in a merge those that no parent has like that.
    pub own: Option<&'a BTreeSet<String>>,
    /// Which overdue documents are told.
    pub stale: Stale,
}

/// The documents that a change concerns, by their paths, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangeScope {
    /// Those that it touches, and those whose facts it moves: all rules are asked.
    pub direct: Vec<String>,
    /// Those whose sources it touches.
    pub related: Vec<String>,
    /// Those that are overdue.
    pub overdue: Vec<String>,
    /// Whether the change renews one that was overdue: then the others do not stand in its way.
    pub renews_stale: bool,
    /// The kinds that must have a document and have none may be asked for.
    pub corpus: Corpus,
}

/// What is wrong with what a change concerns.
#[derive(Debug, Default)]
pub struct ScopeFindings {
    /// The findings, sorted.
    pub findings: Vec<Finding>,
    /// How many more documents are overdue than the findings say.
    pub omitted_stale: usize,
    /// Whether these do not block.
    pub stale_is_warning: bool,
}

impl Validator<'_> {
    /// The documents that a change concerns. `census` knows those before the change, and knows those after it then.
    ///
    /// # Errors
    /// What git says.
    pub fn scope(&self, step: ChangeContext<'_>, document_index: &mut DocumentIndex) -> Result<ChangeScope, Failure> {
        let moved = self.moved(step.changes);
        let before = if moved == FactChange::Nothing { None } else { Some(document_index.clone()) };
        let is_overdue = |known: &IndexEntry| known.due.is_some_and(|due| due < self.now);
        let changed: Vec<&str> = step.changes.iter().map(|change| change.path.as_str()).collect();
        let were_overdue: Vec<&str> =
            changed.iter().copied().filter(|path| document_index.get(path).as_ref().is_some_and(is_overdue)).collect();
        document_index.follow(self.project, step.changes);
        let renews_stale =
            were_overdue.iter().any(|path| document_index.get(path).is_some_and(|known| !is_overdue(&known)));
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
            !direct.contains(&known.path) && self.project.are_sources_touched(&known.sources, &changed)
        };
        let related: Vec<String> =
            document_index.describing().into_iter().filter(related).map(|known| known.path).collect();
        let seen = |path: &String| direct.contains(path) || related.binary_search(path).is_ok();
        let overdue: Vec<String> = match step.stale {
            Stale::Any => document_index.overdue(self.now),
            Stale::Related | Stale::Touched => Vec::new(),
        };
        let overdue = overdue.into_iter().filter(|path| !seen(path)).collect();
        let entry = |known: &IndexEntry| CorpusEntry { path: known.path.clone(), kind: known.kind.clone() };
        let required = !self.project.config.documents.require.is_empty();
        let entries = if required { document_index.documents().iter().map(entry).collect() } else { Vec::new() };
        let corpus = Corpus { entries, ignored: 0 };
        Ok(ChangeScope { direct: direct.into_iter().collect(), related, overdue, renews_stale, corpus })
    }

    pub(super) fn may_be_document(&self, path: &str) -> bool {
        self.project.wanted(&self.project.root.join(path))
    }

    /// What a change moves beyond the documents that it touches.
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
        let is_moved = |change: &Change| {
            if !self.may_be_document(&change.path) {
                return false;
            }
            match (digest(&change.old, &change.path), digest(&change.new, &change.path)) {
                (None, None) => false,
                (Some(old), Some(new)) => !old.says_the_same(&new),
                _ => true,
            }
        };
        if changes.iter().any(is_moved) { FactChange::Documents } else { FactChange::Nothing }
    }

    /// Those of the candidates that would be rendered otherwise than before the change.
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
        self.project.visit_planned(Selection::Known(candidates), &planning, &|met| {
            let PlannedDocument::Document(planned) = met else { return };
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
        // What was as wrong before is not this change's doing.
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

    /// What is wrong with the documents of a scope. A stale document blocks only as the step says.
    pub fn validate_scope(&self, scope: &ChangeScope, step: ChangeContext<'_>) -> ScopeFindings {
        let mut verdict = ScopeFindings::default();
        let (_, mut direct) = self.documents(Selection::Known(scope.direct.clone()));
        if step.stale == Stale::Related {
            let touched: Vec<&str> = step.changes.iter().map(|change| change.path.as_str()).collect();
            for finding in direct.iter_mut().filter(|finding| finding.rule == "stale-document") {
                let document = self.project.load_path(&finding.path);
                let globs = document.map(|document| document.governance.sources()).unwrap_or_default();
                if !self.project.are_sources_touched(&globs, &touched) {
                    finding.severity = Severity::Warning;
                }
            }
        }
        verdict.findings = direct;
        verdict.findings.extend(self.lost(step.changes));
        let mut related = self.run_rules(OF_RELATED, scope.related.clone());
        if step.stale == Stale::Touched {
            related.retain(|finding| finding.rule != "stale-document");
        }
        verdict.findings.extend(related);
        let mut shown = 0;
        for (at, paths) in scope.overdue.chunks(SHOWN).enumerate() {
            if shown >= SHOWN {
                verdict.omitted_stale = scope.overdue.len() - at * SHOWN;
                verdict.stale_is_warning = scope.renews_stale;
                break;
            }
            let mut overdue = self.run_rules(OF_OVERDUE, paths.to_vec());
            if scope.renews_stale {
                for finding in &mut overdue {
                    finding.severity = Severity::Warning;
                }
            }
            shown += overdue.len();
            verdict.findings.extend(overdue);
        }
        verdict.findings.extend(self.judge.whole(&Whole {
            corpus: &scope.corpus,
            config: &self.project.config,
            config_source: self.project.config_file.source(),
            catalog: &self.project.catalog,
        }));
        crate::finding::sort(&mut verdict.findings);
        verdict
    }
}

impl Validator<'_> {
    /// What some of the rules find in documents.
    fn run_rules(&self, rules: &[&str], paths: Vec<String>) -> Vec<Finding> {
        if paths.is_empty() {
            return Vec::new();
        }
        let judge = self.judge.only(rules);
        let mut validator = Validator::new(self.project, &judge, self.now, self.program);
        validator.before.clone_from(&self.before);
        let (_, mut found) = validator.documents(Selection::Known(paths));
        found.retain(|finding| rules.contains(&finding.rule));
        found
    }
}

/// What a change moves beyond the documents that it touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FactChange {
    /// Nothing.
    Nothing,
    /// What documents say to others.
    Documents,
    /// The configuration, a schema or a template.
    Configuration,
}

impl Project {
    /// The tree facts as they were, with what the given documents look at.
    fn facts_of(&self, facts: Facts, document_index: &DocumentIndex, readers: &Readers) -> Arc<Facts> {
        let digests = Arc::new(document_index.digests());
        let facts = Arc::new(Facts { documents: documents::value(Arc::clone(&digests)), ..facts });
        let readers: Vec<Arc<Document>> = readers.values().map(|(document, _)| Arc::clone(document)).collect();
        self.read_wanted(&readers, &facts, &digests);
        facts
    }
}
