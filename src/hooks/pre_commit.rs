//! Pre-commit hook: validates the affected documents as in the index, writes their AUTO blocks if that is safe, and
//! accepts or rejects the commit.

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

/// Rules whose findings the hook fixes by writing AUTO blocks.
const FIXED_BY_WRITING: &[&str] = &["outdated-auto-section", "ungenerated-auto-section"];

/// Result of rewriting a document, and the document to write.
type WriteCandidate = (Rewritten, Restaged);

/// Settings of the hook.
#[derive(Debug)]
pub(crate) struct PreCommit<'a> {
    /// Project as in the index.
    pub project: &'a Project,
    pub git_dirs: &'a GitDirs,
    pub hook: Hook,
    /// Mode from the command line; `None` for that of the configuration.
    pub mode: Option<HookMode>,
    /// Whether an override is set. AUTO blocks are then written even if there are findings.
    pub overridden: bool,
    /// Time that deadlines are compared with.
    pub now: DateTime<Utc>,
    /// Facts about the phx program itself.
    pub program: fn() -> Value,
    /// Configuration file that the user named.
    pub config: Option<PathBuf>,
}

/// Result of the hook.
#[derive(Debug, Default)]
pub(crate) struct HookReport {
    pub scope_findings: ScopeFindings,
    /// Whether the findings reject the commit.
    pub blocks: bool,
    /// Git operation in progress (rebase, cherry-pick, revert), during which commits are not rejected.
    pub replaying: Option<&'static str>,
    /// Documents whose AUTO blocks were written.
    pub written: Vec<Rewritten>,
    /// Documents that were planned and not written.
    pub not_written: Vec<Rewritten>,
    /// Notices in addition to the findings.
    pub notices: Vec<String>,
    /// Warnings that the commit introduces.
    pub new_warnings: Vec<Finding>,
    /// New correlation IDs of the commit, each with the ID that it replaces.
    pub stamps: Vec<StagedStamp>,
}

impl PreCommit<'_> {
    /// Validates the staged documents, writes AUTO blocks in write mode, and decides whether to reject the commit.
    pub(crate) fn run(&self) -> Result<HookReport, Failure> {
        let project = self.project;
        if project.store.changes().iter().any(|change| project.may_be_governed(&project.root.join(&change.path))) {
            // Documents will be validated against schemas: prepare the validators concurrently.
            std::thread::spawn(schema::warm);
        }
        let runner = RuleRunner::new(Levels::new(&project.config, &[]));
        let own = self.own()?;
        let step = self.step(own.as_ref());
        let mut document_index = self.project.document_index("HEAD", Some(&self.git_dirs.common))?;
        let (mut validator, scope) = self.validator(&runner, step, &mut document_index);
        validator.document_index = Some(&document_index);
        let mut report = HookReport {
            replaying: self.git_dirs.replaying(),
            stamps: stamps::staged(self.project),
            ..HookReport::default()
        };
        if self.writes(&mut report) {
            self.write(&validator, &scope, step, &mut report);
        } else {
            report.scope_findings = validator.validate_scope(&scope, step);
            report.blocks = self.rejects(&report.scope_findings);
        }
        report.new_warnings = self.new_warnings(&validator, &report.scope_findings);
        Ok(report)
    }

    /// Returns the warnings that the documents did not have before the change. Warnings about AUTO blocks are left out:
    /// they are reported separately.
    fn new_warnings(&self, validator: &Validator<'_>, result: &ScopeFindings) -> Vec<Finding> {
        let of_blocks = |finding: &Finding| FIXED_BY_WRITING.contains(&finding.rule);
        let warnings = result.findings.iter().filter(|found| found.severity == Severity::Warning && !of_blocks(found));
        let mut known: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        let mut new = Vec::new();
        let changes = self.project.store.changes();
        for warning in warnings {
            // In a document that the commit does not touch, only its sources can have changed.
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

    /// Returns the fingerprints of the findings of a document before the change.
    fn known_before(&self, validator: &Validator<'_>, path: &str) -> BTreeSet<String> {
        let changes = self.project.store.changes();
        let old = changes.iter().find(|change| change.path == path).and_then(|change| change.old.as_ref());
        let before = old.and_then(|old| self.project.load_object(&old.id, path));
        let mut found = before.map(|before| validator.document(&before, &[])).unwrap_or_default();
        crate::finding::sort(&mut found);
        found.into_iter().map(|finding| finding.fingerprint).collect()
    }

    /// Writes the AUTO blocks of the staged documents, and of the documents whose facts they change, if that is safe
    /// (`phx regen --staged`).
    pub(crate) fn regenerate(&self) -> Result<HookReport, Failure> {
        let runner = RuleRunner::default();
        let own = self.own()?;
        let mut document_index = self.project.document_index("HEAD", Some(&self.git_dirs.common))?;
        let (mut validator, scope) = self.validator(&runner, self.step(own.as_ref()), &mut document_index);
        validator.document_index = Some(&document_index);
        let mut report = HookReport::default();
        let candidates = self.candidates(&validator, &scope, &mut report);
        let (prepare_write, writable) = self.prepare_write(candidates, &mut report);
        if !prepare_write.is_empty() {
            let notices = self.project.restage(self.git_dirs, &prepare_write).map_err(|why| {
                Failure::internal(format!("no AUTO block was written: {why}")).hint("run `phx regen --staged` again")
            })?;
            report.notices.extend(notices);
        }
        report.written = writable.into_iter().map(|(rewritten, _)| rewritten).collect();
        Ok(report)
    }

    fn step<'a>(&'a self, own: Option<&'a BTreeSet<String>>) -> ChangeContext<'a> {
        let stale = Stale::of(own.is_some(), self.project.config.hook);
        ChangeContext { before: "HEAD", changes: self.project.store.changes(), own, stale }
    }

    /// Creates a validator, and computes the documents that the commit affects.
    fn validator<'a>(
        &'a self,
        runner: &'a RuleRunner,
        step: ChangeContext<'_>,
        document_index: &mut DocumentIndex,
    ) -> (Validator<'a>, ChangeScope) {
        let mut validator = Validator::new(self.project, runner, self.now, self.program);
        validator.comparison = Comparison::Change;
        validator.config.clone_from(&self.config);
        let scope = validator.scope(step, document_index);
        (validator, scope)
    }

    /// Returns the paths of a merge whose staged version differs from every parent; `None` if no merge is in progress.
    fn own(&self) -> Result<Option<BTreeSet<String>>, Failure> {
        let parents = self.git_dirs.merged();
        if parents.is_empty() {
            return Ok(None);
        }
        let mut own: BTreeSet<String> = self.project.store.changes().iter().map(|change| change.path.clone()).collect();
        for parent in parents {
            let changes = objects::staged_against(&self.project.root, &parent)
                .map_err(|why| Failure::usage(format!("cannot read the changes of the merge: {why}")))?;
            let against: BTreeSet<String> = changes.into_iter().map(|change| change.path).collect();
            own.retain(|path| against.contains(path));
        }
        Ok(Some(own))
    }

    /// Returns whether the hook may write. Adds a notice if writing is configured but not safe.
    fn writes(&self, report: &mut HookReport) -> bool {
        let configured = if self.project.config.hook.writes { HookMode::Write } else { HookMode::Check };
        if self.mode.unwrap_or(configured) == HookMode::Check || self.hook != Hook::PreCommit {
            return false;
        }
        let why = if environment::raw_variable("PRE_COMMIT").is_some() {
            "another hook manager stashes unstaged changes while hooks run".to_owned()
        } else if let Some(what) = report.replaying {
            format!("a {what} is in progress")
        } else {
            return true;
        };
        report.notices.push(format!("check mode, no AUTO block is written: {why}"));
        false
    }

    /// Writes the AUTO blocks that are safe to write if the commit is then accepted. Otherwise writes nothing.
    fn write(&self, validator: &Validator<'_>, scope: &ChangeScope, step: ChangeContext<'_>, report: &mut HookReport) {
        let candidates = self.candidates(validator, scope, report);
        let paths: BTreeSet<String> = candidates.iter().map(|(rewritten, _)| rewritten.path.clone()).collect();
        let all = candidates.len();
        let mut after = self.validate_with(&candidates, validator, scope, step);
        if self.rejects(&after) && !self.overridden {
            // A rejected commit changes nothing. Findings that the next attempt would fix are not reported.
            report.scope_findings = validator.validate_scope(scope, step);
            let is_fixed =
                |finding: &Finding| FIXED_BY_WRITING.contains(&finding.rule) && paths.contains(&finding.path);
            report.scope_findings.findings.retain(|finding| !is_fixed(finding));
            report.blocks = self.rejects(&report.scope_findings);
            return;
        }
        let (prepare_write, writable) = self.prepare_write(candidates, report);
        if writable.len() < all {
            after = self.validate_with(&writable, validator, scope, step);
        }
        report.blocks = self.rejects(&after);
        report.scope_findings = after;
        if prepare_write.is_empty() || (report.blocks && !self.overridden) {
            return;
        }
        match self.project.restage(self.git_dirs, &prepare_write) {
            Ok(notices) => {
                report.notices.extend(notices);
                report.written = writable.into_iter().map(|(rewritten, _)| rewritten).collect();
            }
            Err(why) => {
                report.notices.push(format!("no AUTO block was written: {why}"));
                report.scope_findings = validator.validate_scope(scope, step);
                report.blocks = self.rejects(&report.scope_findings);
            }
        }
    }

    /// Validates the scope as if the candidates had been written.
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
        self.project.store.set_overlay(candidates.iter().map(text).collect());
        let result = validator.validate_scope(scope, step);
        self.project.store.set_overlay(BTreeMap::new());
        result
    }

    /// Returns the documents whose AUTO blocks are outdated and can be written. Records the others in the report.
    fn candidates(
        &self,
        validator: &Validator<'_>,
        scope: &ChangeScope,
        report: &mut HookReport,
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
                let text = self.project.apply_verified(&document, &edits);
                text.map(|text| Restaged { document, edits, text, stamp: None })
            });
            found.lock().unwrap_or_else(PoisonError::into_inner).push((rewritten, restaged));
        });
        let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        found.sort_by(|a, b| a.0.path.cmp(&b.0.path));
        let mut candidates = Vec::new();
        for (rewritten, restaged) in found {
            match restaged {
                None => report.not_written.push(rewritten),
                Some(Ok(restaged)) => candidates.push((rewritten, restaged)),
                Some(Err(failure)) => report.record_not_written(rewritten, &failure.message),
            }
        }
        candidates
    }

    /// Prepares the candidates that can be written without losing other changes. Records the others in the report.
    fn prepare_write(
        &self,
        candidates: Vec<WriteCandidate>,
        report: &mut HookReport,
    ) -> (Vec<PreparedWrite>, Vec<WriteCandidate>) {
        let (mut prepare_write, mut writable) = (Vec::new(), Vec::new());
        for (mut rewritten, restaged) in candidates {
            match self.project.prepare_write(&restaged) {
                Ok(one) => {
                    prepare_write.push(one);
                    rewritten.mark_written();
                    writable.push((rewritten, restaged));
                }
                Err(why) => report.record_not_written(rewritten, &why),
            }
        }
        (prepare_write, writable)
    }

    /// Returns whether the findings reject the commit at the configured enforcement level.
    fn rejects(&self, result: &ScopeFindings) -> bool {
        rejects(result, self.project.config.enforcement)
    }
}

impl HookReport {
    /// Records a document that was not written, with a notice.
    fn record_not_written(&mut self, rewritten: Rewritten, why: &str) {
        self.notices.push(format!("`{}` was not written: {why}", rewritten.path));
        self.not_written.push(rewritten);
    }

    /// Returns the findings that reject the commit at the given enforcement level.
    pub(crate) fn rejecting_findings(&self, enforcement: Enforcement) -> Vec<Finding> {
        let blocks = |found: &&Finding| found.severity == Severity::Error || enforcement == Enforcement::Strict;
        self.scope_findings.findings.iter().filter(blocks).cloned().collect()
    }
}

/// Returns whether findings reject a commit at the given enforcement level.
pub(crate) fn rejects(result: &ScopeFindings, enforcement: Enforcement) -> bool {
    let stale = result.omitted_stale > 0 && !result.stale_is_warning;
    let error = stale || result.findings.iter().any(|found| found.severity == Severity::Error);
    match enforcement {
        Enforcement::Advisory => false,
        Enforcement::Standard => error,
        Enforcement::Strict => error || !result.findings.is_empty(),
    }
}
