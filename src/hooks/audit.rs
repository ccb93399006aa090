//! Validates commits again as the pre-commit hook would have at their commit dates, whether or not the hook ran.

use std::collections::BTreeSet;
use std::path::PathBuf;

use chrono::{DateTime, TimeDelta, Utc};

use serde_json::Value;

use super::overrides::{self, Override};
use super::pre_commit;
use crate::config::Enforcement;
use crate::failure::Failure;
use crate::finding::{Finding, Severity};
use crate::rules::{Levels, RuleRunner};
use crate::system::git::history::{self, Commit};
use crate::system::git::objects;
use crate::validation::change::{ChangeContext, Stale};
use crate::validation::{Comparison, Validator};
use crate::validation::{open, policy};
use crate::workspace::project::OpenError;
use crate::workspace::{DocumentIndex, Origin, Project};

/// Commit with the findings that the hook would have reported.
#[derive(Debug)]
pub(crate) struct Audited {
    pub commit: Commit,
    /// Findings that reject the commit.
    pub findings: Vec<Finding>,
    /// Findings that do not reject the commit: a weaker configuration, a date before that of a parent.
    pub warnings: Vec<Finding>,
    /// Number of stale documents without a finding.
    pub omitted_stale: usize,
    /// Reason why the commit cannot be validated.
    pub problem: Option<String>,
    /// Overrides in the commit message.
    pub overrides: Vec<Override>,
}

impl Audited {
    /// Returns whether the commit passes: it can be validated, and its overrides cover the rules of all findings.
    pub(crate) fn passes(&self) -> bool {
        if self.problem.is_some() {
            return false;
        }
        let rules: BTreeSet<&str> =
            self.overrides.iter().flat_map(|one| one.rules.iter().map(String::as_str)).collect();
        let stale_overridden = self.omitted_stale == 0 || rules.contains("stale-document");
        stale_overridden && self.findings.iter().all(|finding| rules.contains(finding.rule))
    }
}

/// Tolerated difference between the clocks of two machines.
const SKEW: TimeDelta = TimeDelta::hours(1);

fn warning(rule: &'static str, path: &str, message: String) -> Finding {
    let mut finding = Finding::of_file(rule, path, message);
    finding.severity = Severity::Warning;
    finding
}

/// Settings for auditing commits, in addition to their own trees.
#[derive(Clone, Debug)]
pub(crate) struct Auditor {
    /// Root of the repository.
    pub root: PathBuf,
    /// Configuration file that the user named.
    pub config: Option<PathBuf>,
    /// Facts about the phx program itself.
    pub program: fn() -> Value,
}

/// Fingerprint of the configuration, commit id and document index of the commit that was audited last.
type Last = (String, String, DocumentIndex);

impl Auditor {
    /// Audits the commits that `git log` selects by the arguments, parents first.
    pub(crate) fn commits(&self, selection: &[&str]) -> Result<Vec<Audited>, Failure> {
        let arguments: Vec<&str> = ["--reverse", "--topo-order"].into_iter().chain(selection.iter().copied()).collect();
        let commits = history::commits(&self.root, &arguments).map_err(|why| {
            let failure = Failure::usage(format!("cannot list the commits: {why}"));
            if history::is_shallow(&self.root) {
                return failure.hint("run `git fetch --unshallow`: this is a shallow clone");
            }
            failure.hint("write the range as `A..B`, such as `origin/main..HEAD`")
        })?;
        let mut last = None;
        commits.into_iter().map(|commit| self.commit(commit, &mut last)).collect()
    }

    fn commit(&self, commit: Commit, last: &mut Option<Last>) -> Result<Audited, Failure> {
        let overrides = overrides::overrides(&commit.message);
        let mut audited =
            Audited { findings: Vec::new(), warnings: Vec::new(), omitted_stale: 0, problem: None, overrides, commit };
        let project = match open::project(self.config.as_deref(), &Origin::Revision(audited.commit.id.clone())) {
            Ok(project) => project,
            Err(OpenError::Failure(failure) | OpenError::Schema(failure)) => {
                audited.problem = Some(failure.message);
                return Ok(audited);
            }
            Err(OpenError::Mistakes(mistakes)) => {
                let first = mistakes.first().map(|mistake| format!("{}: {}", mistake.path, mistake.message));
                audited.problem = first;
                return Ok(audited);
            }
        };
        self.validate(&project, &mut audited, last)?;
        Ok(audited)
    }

    fn validate(&self, project: &Project, audited: &mut Audited, last: &mut Option<Last>) -> Result<(), Failure> {
        let failed = |why: String| Failure::usage(format!("cannot read the changes of a commit: {why}"));
        let commit = &audited.commit;
        let before = match commit.parents.first() {
            Some(parent) => parent.clone(),
            None => history::empty_tree(&self.root).map_err(failed)?,
        };
        let changes = objects::between(&self.root, &before, &commit.id).map_err(failed)?;
        let own = self.own(commit).map_err(failed)?;
        let mut document_index = project.document_index_after(last.take(), &before)?;
        let runner = RuleRunner::new(Levels::new(&project.config, &[]));
        let at = self.time(commit).map_err(failed)?;
        if at - commit.at > SKEW {
            let message =
                format!("commit date {} is earlier than the date of a parent", commit.at.format("%Y-%m-%d %H:%M"));
            audited.warnings.push(warning("backdated-commit", &commit.id, message));
        }
        let is_configured =
            |change: &objects::Change| change.path == project.config_file.path || change.path.ends_with("phx.toml");
        if self.config.is_none() && changes.iter().any(is_configured) {
            let past = open::project(None, &Origin::Revision(before.clone()));
            let points = match past {
                Ok(past) => policy::weakened(&past, project, &past.document_index(&before, None)?),
                // An invalid configuration enforced nothing.
                Err(_) => Vec::new(),
            };
            let path = &project.config_file.path;
            audited.warnings.extend(points.into_iter().map(|point| warning("weakened-policy", path, point)));
        }
        let mut validator = Validator::new(project, &runner, at, self.program);
        validator.comparison = Comparison::Change;
        validator.before.clone_from(&before);
        validator.config.clone_from(&self.config);
        let step = ChangeContext {
            before: &before,
            changes: &changes,
            own: own.as_ref(),
            stale: Stale::of(own.is_some(), project.config.hook),
        };
        let scope = validator.scope(step, &mut document_index);
        validator.document_index = Some(&document_index);
        let result = validator.validate_scope(&scope, step);
        let enforcement = project.config.enforcement;
        if pre_commit::rejects(&result, enforcement) {
            let rejects = |finding: &Finding| enforcement == Enforcement::Strict || finding.severity == Severity::Error;
            audited.findings = result.findings.into_iter().filter(rejects).collect();
            audited.omitted_stale = result.omitted_stale;
        }
        *last = Some((project.fingerprint.clone(), commit.id.clone(), document_index));
        Ok(())
    }

    /// Returns the time to validate a commit at: its date, or that of a parent if it is later. Otherwise a commit with
    /// an earlier date could hide a stale document.
    fn time(&self, commit: &Commit) -> Result<DateTime<Utc>, String> {
        if commit.parents.is_empty() {
            return Ok(commit.at);
        }
        let arguments: Vec<&str> =
            ["--no-walk", "--end-of-options"].into_iter().chain(commit.parents.iter().map(String::as_str)).collect();
        let parents = history::commits(&self.root, &arguments)?;
        Ok(parents.iter().map(|parent| parent.at).fold(commit.at, DateTime::max))
    }

    /// Returns the paths of a merge that differ from every parent; `None` if the commit is not a merge. A parent that
    /// is an ancestor of the first parent is not counted: a merge could otherwise restore old files without being
    /// responsible.
    fn own(&self, commit: &Commit) -> Result<Option<BTreeSet<String>>, String> {
        let is_old = |parent: &&String| objects::is_ancestor(&self.root, parent, &commit.parents[0]);
        let parents: Vec<&String> = commit
            .parents
            .iter()
            .enumerate()
            .filter(|(at, parent)| *at == 0 || !is_old(parent))
            .map(|(_, one)| one)
            .collect();
        if parents.len() < 2 {
            return Ok(None);
        }
        let mut own: Option<BTreeSet<String>> = None;
        for parent in parents {
            let changes = objects::between(&self.root, parent, &commit.id)?;
            let paths: BTreeSet<String> = changes.into_iter().map(|change| change.path).collect();
            own = Some(match own {
                None => paths,
                Some(own) => own.intersection(&paths).cloned().collect(),
            });
        }
        Ok(own)
    }

    /// Audits the pushed commits. The input is that of the `pre-push` hook: one `REF ID REF ID` per line.
    pub(crate) fn pushed(&self, refs: &str) -> Result<Vec<Audited>, Failure> {
        let mut audited: Vec<Audited> = Vec::new();
        for line in refs.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            let [_, new, _, old] = words.as_slice() else { continue };
            let is_zero = |id: &str| id.bytes().all(|byte| byte == b'0');
            if is_zero(new) {
                continue;
            }
            let known = !is_zero(old) && objects::commit(&self.root, old).is_ok();
            let since = format!("^{old}");
            let selection = if known { vec![*new, &since] } else { vec![*new, "--not", "--remotes"] };
            for one in self.commits(&selection)? {
                if !audited.iter().any(|known| known.commit.id == one.commit.id) {
                    audited.push(one);
                }
            }
        }
        Ok(audited)
    }
}
