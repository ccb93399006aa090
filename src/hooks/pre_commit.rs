//! What stands before a commit: the documents that it concerns are checked as the index has them, their AUTO blocks written
//! where that is harmless, and the commit is let through or not.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::stamps::{self, StagedStamp};
use super::{Hook, HookMode};
use crate::config::Enforcement;
use crate::failure::Failure;
use crate::finding::{Finding, Severity};
use crate::regen::block_results::Rewritten;
use crate::rules::{Levels, RuleRunner};
use crate::schema;
use crate::system::environment;
use crate::system::git::git_dirs::GitDirs;
use crate::system::git::objects;
use crate::validation::change::{ChangeContext, ChangeScope, ScopeFindings, Stale};
use crate::validation::{Comparison, Validator};
use crate::workspace::restage::{PreparedWrite, Restaged};
use crate::workspace::rewrite::{Edited, Rewrite, RewriteMode, WriteAction};
use crate::workspace::{DocumentIndex, Project, Selection};

/// The rules whose findings the hook mends where it writes.
const MENDED: &[&str] = &["outdated-auto-section", "ungenerated-auto-section"];

/// What is to become of a document, and the document after it.
type WriteCandidate = (Rewritten, Restaged);

/// What a commit is held against.
#[derive(Debug)]
pub struct PreCommit<'a> {
    /// The project as the index has it.
    pub project: &'a Project,
    /// Where git keeps its files.
    pub place: &'a GitDirs,
    /// The hook that runs.
    pub hook: Hook,
    /// What the user wants of it; else the configuration says.
    pub mode: Option<HookMode>,
    /// Whether it passes whatever is found: then AUTO blocks are written all the same.
    pub overridden: bool,
    /// The time.
    pub now: DateTime<Utc>,
    /// What the binary says of itself.
    pub program: fn() -> Value,
    /// The configuration that the user named.
    pub config: Option<PathBuf>,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct HookReport {
    /// What is wrong, sorted.
    pub verdict: ScopeFindings,
    /// Whether it blocks.
    pub blocks: bool,
    /// What git is in the middle of, where nothing may block.
    pub replaying: Option<&'static str>,
    /// The documents whose AUTO blocks were written.
    pub written: Vec<Rewritten>,
    /// The documents that were looked at and not written.
    pub left: Vec<Rewritten>,
    /// What the user should know beside.
    pub notices: Vec<String>,
    /// The warnings that the commit brings in.
    pub new_warnings: Vec<Finding>,
    /// The correlation ids that are new in the commit, with the one that each takes the place of.
    pub stamps: Vec<StagedStamp>,
}

impl PreCommit<'_> {
    /// Checks, writes, and decides.
    ///
    /// # Errors
    /// Where phx cannot go on.
    pub fn pass(&self) -> Result<HookReport, Failure> {
        let project = self.project;
        if project.store.changes().iter().any(|change| project.wanted(&project.root.join(&change.path))) {
            // There will be documents to hold against schemas; what these need is made meanwhile.
            std::thread::spawn(schema::warm);
        }
        let judge = RuleRunner::new(Levels::new(&project.config, &[]));
        let own = self.own()?;
        let step = self.step(own.as_ref());
        let mut document_index = self.project.document_index("HEAD", Some(&self.place.common))?;
        let (mut validator, scope) = self.validator(&judge, step, &mut document_index)?;
        validator.document_index = Some(&document_index);
        let mut passage = HookReport {
            replaying: self.place.replaying(),
            stamps: stamps::staged(self.project),
            ..HookReport::default()
        };
        if self.writes(&mut passage) {
            self.write(&validator, &scope, step, &mut passage);
        } else {
            passage.verdict = validator.validate_scope(&scope, step);
            passage.blocks = self.blocks(&passage.verdict);
        }
        passage.new_warnings = self.new_warnings(&validator, &passage.verdict);
        Ok(passage)
    }

    /// The warnings of the changed documents that they did not have before. Of AUTO blocks the hook speaks elsewhere.
    fn new_warnings(&self, validator: &Validator<'_>, verdict: &ScopeFindings) -> Vec<Finding> {
        let of_blocks = |finding: &Finding| MENDED.contains(&finding.rule);
        let warnings = verdict.findings.iter().filter(|found| found.severity == Severity::Warning && !of_blocks(found));
        let mut known: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        let mut new = Vec::new();
        let changes = self.project.store.changes();
        for warning in warnings {
            // Of a document that the commit does not touch only its sources can be other than before.
            if !changes.iter().any(|change| change.path == warning.path) {
                new.extend((warning.rule == "changed-sources").then(|| warning.clone()));
                continue;
            }
            let before = known.entry(&warning.path).or_insert_with(|| self.known_before(validator, &warning.path));
            if !before.contains(&warning.fingerprint) {
                new.push(warning.clone());
            }
        }
        new
    }

    /// The fingerprints of what was wrong with a document before.
    fn known_before(&self, validator: &Validator<'_>, path: &str) -> BTreeSet<String> {
        let changes = self.project.store.changes();
        let old = changes.iter().find(|change| change.path == path).and_then(|change| change.old.as_ref());
        let before = old.and_then(|old| self.project.load_object(&old.id, path));
        let mut found = before.map(|before| validator.document(&before, &[])).unwrap_or_default();
        crate::finding::sort(&mut found);
        found.into_iter().map(|finding| finding.fingerprint).collect()
    }

    /// Writes the AUTO blocks of what is staged, and of the documents whose facts that changes, where it is harmless.
    ///
    /// # Errors
    /// Where phx cannot go on, or nothing could be written.
    pub fn regenerate(&self) -> Result<HookReport, Failure> {
        let judge = RuleRunner::default();
        let own = self.own()?;
        let mut document_index = self.project.document_index("HEAD", Some(&self.place.common))?;
        let (mut validator, scope) = self.validator(&judge, self.step(own.as_ref()), &mut document_index)?;
        validator.document_index = Some(&document_index);
        let mut passage = HookReport::default();
        let candidates = self.candidates(&validator, &scope, &mut passage);
        let (prepare_write, kept) = self.prepare_write(candidates, &mut passage);
        if !prepare_write.is_empty() {
            let notices = self
                .project
                .restage(self.place, &prepare_write)
                .map_err(|why| Failure::internal(format!("no AUTO block was written: {why}")).hint("run it again"))?;
            passage.notices.extend(notices);
        }
        passage.written = kept.into_iter().map(|(rewritten, _)| rewritten).collect();
        Ok(passage)
    }

    fn step<'a>(&'a self, own: Option<&'a BTreeSet<String>>) -> ChangeContext<'a> {
        let stale = Stale::of(own.is_some(), self.project.config.hook);
        ChangeContext { before: "HEAD", changes: self.project.store.changes(), own, stale }
    }

    /// An examiner, and the documents that the commit concerns.
    fn validator<'a>(
        &'a self,
        judge: &'a RuleRunner,
        step: ChangeContext<'_>,
        document_index: &mut DocumentIndex,
    ) -> Result<(Validator<'a>, ChangeScope), Failure> {
        let mut validator = Validator::new(self.project, judge, self.now, self.program);
        validator.comparison = Comparison::Change;
        validator.config.clone_from(&self.config);
        let scope = validator.scope(step, document_index)?;
        Ok((validator, scope))
    }

    /// In a merge, the paths that no parent has as the index has them.
    fn own(&self) -> Result<Option<BTreeSet<String>>, Failure> {
        let parents = self.place.merged();
        if parents.is_empty() {
            return Ok(None);
        }
        let mut own: BTreeSet<String> = self.project.store.changes().iter().map(|change| change.path.clone()).collect();
        for parent in parents {
            let changes = objects::staged_against(&self.project.root, &parent)
                .map_err(|why| Failure::usage(format!("git does not say what is merged: {why}")))?;
            let against: BTreeSet<String> = changes.into_iter().map(|change| change.path).collect();
            own.retain(|path| against.contains(path));
        }
        Ok(Some(own))
    }

    /// Whether AUTO blocks are written, and a word where the configuration says so and it is not done.
    fn writes(&self, passage: &mut HookReport) -> bool {
        let configured = if self.project.config.hook.writes { HookMode::Write } else { HookMode::Check };
        if self.mode.unwrap_or(configured) == HookMode::Check || self.hook != Hook::PreCommit {
            return false;
        }
        let why = if environment::given("PRE_COMMIT").is_some() {
            "another hook manager puts the worktree aside while hooks run".to_owned()
        } else if let Some(what) = passage.replaying {
            format!("a {what} is under way")
        } else {
            return true;
        };
        passage.notices.push(format!("checking only, writing nothing: {why}"));
        false
    }

    /// Writes what is harmless and lets the commit through, or writes nothing.
    fn write(&self, validator: &Validator<'_>, scope: &ChangeScope, step: ChangeContext<'_>, passage: &mut HookReport) {
        let candidates = self.candidates(validator, scope, passage);
        let paths: BTreeSet<String> = candidates.iter().map(|(rewritten, _)| rewritten.path.clone()).collect();
        let all = candidates.len();
        let mut after = self.validate_with(&candidates, validator, scope, step);
        if self.blocks(&after) && !self.overridden {
            // A commit that is blocked changes nothing; what the next try would mend is not told.
            passage.verdict = validator.validate_scope(scope, step);
            let mended = |finding: &Finding| MENDED.contains(&finding.rule) && paths.contains(&finding.path);
            passage.verdict.findings.retain(|finding| !mended(finding));
            passage.blocks = self.blocks(&passage.verdict);
            return;
        }
        let (prepare_write, kept) = self.prepare_write(candidates, passage);
        if kept.len() < all {
            after = self.validate_with(&kept, validator, scope, step);
        }
        passage.blocks = self.blocks(&after);
        passage.verdict = after;
        if prepare_write.is_empty() || (passage.blocks && !self.overridden) {
            return;
        }
        match self.project.restage(self.place, &prepare_write) {
            Ok(notices) => {
                passage.notices.extend(notices);
                passage.written = kept.into_iter().map(|(rewritten, _)| rewritten).collect();
            }
            Err(why) => {
                passage.notices.push(format!("no AUTO block was written: {why}"));
                passage.verdict = validator.validate_scope(scope, step);
                passage.blocks = self.blocks(&passage.verdict);
            }
        }
    }

    /// What is wrong once the candidates are written.
    fn validate_with(
        &self,
        candidates: &[WriteCandidate],
        validator: &Validator<'_>,
        scope: &ChangeScope,
        step: ChangeContext<'_>,
    ) -> ScopeFindings {
        let text = |(rewritten, restaged): &WriteCandidate| {
            (rewritten.path.clone(), Arc::from(restaged.text.clone().into_bytes()))
        };
        self.project.store.read_over(candidates.iter().map(text).collect());
        let verdict = validator.validate_scope(scope, step);
        self.project.store.read_over(BTreeMap::new());
        verdict
    }

    /// The documents whose AUTO blocks are not what they should be and can be written.
    fn candidates(
        &self,
        validator: &Validator<'_>,
        scope: &ChangeScope,
        passage: &mut HookReport,
    ) -> Vec<WriteCandidate> {
        let rewrite = Rewrite {
            project: self.project,
            action: WriteAction::Render,
            mode: RewriteMode::Write,
            edited: Edited::Refuse,
            section: None,
        };
        let found = Mutex::new(Vec::new());
        validator.planned(Selection::Known(scope.direct.clone()), &|_, _| {}, &|planned| {
            let (rewritten, edits) = rewrite.edits(planned);
            let restaged = (!edits.is_empty()).then(|| {
                let document = Arc::clone(planned.document);
                let text = self.project.proved(&document, &edits);
                text.map(|text| Restaged { document, edits, text, stamp: None })
            });
            found.lock().unwrap_or_else(PoisonError::into_inner).push((rewritten, restaged));
        });
        let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        found.sort_by(|a, b| a.0.path.cmp(&b.0.path));
        let mut candidates = Vec::new();
        for (rewritten, restaged) in found {
            match restaged {
                None => passage.left.push(rewritten),
                Some(Ok(restaged)) => candidates.push((rewritten, restaged)),
                Some(Err(failure)) => passage.leave(rewritten, &failure.message),
            }
        }
        candidates
    }

    /// Those of the candidates that can be written without harm.
    fn prepare_write(
        &self,
        candidates: Vec<WriteCandidate>,
        passage: &mut HookReport,
    ) -> (Vec<PreparedWrite>, Vec<WriteCandidate>) {
        let (mut prepare_write, mut kept) = (Vec::new(), Vec::new());
        for (mut rewritten, restaged) in candidates {
            match self.project.prepare_write(&restaged) {
                Ok(one) => {
                    prepare_write.push(one);
                    rewritten.mark_written();
                    kept.push((rewritten, restaged));
                }
                Err(why) => passage.leave(rewritten, &why),
            }
        }
        (prepare_write, kept)
    }

    /// Whether a verdict blocks, as the configuration says.
    fn blocks(&self, verdict: &ScopeFindings) -> bool {
        blocks(verdict, self.project.config.enforcement)
    }
}

impl HookReport {
    /// A document is not written, and the user should know why.
    fn leave(&mut self, rewritten: Rewritten, why: &str) {
        self.notices.push(format!("`{}` is checked only, not written: {why}", rewritten.path));
        self.left.push(rewritten);
    }

    /// The findings that block, as the configuration says.
    pub fn blocking(&self, enforcement: Enforcement) -> Vec<Finding> {
        let blocks = |found: &&Finding| found.severity == Severity::Error || enforcement == Enforcement::Strict;
        self.verdict.findings.iter().filter(blocks).cloned().collect()
    }
}

/// Whether a verdict blocks.
pub fn blocks(verdict: &ScopeFindings, enforcement: Enforcement) -> bool {
    let overdue = verdict.omitted_stale > 0 && !verdict.stale_is_warning;
    let error = overdue || verdict.findings.iter().any(|found| found.severity == Severity::Error);
    match enforcement {
        Enforcement::Advisory => false,
        Enforcement::Standard => error,
        Enforcement::Strict => error || !verdict.findings.is_empty(),
    }
}
