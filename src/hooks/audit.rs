//! CI's second look: what the hook would have said of each commit of a range, at its time. Nothing depends on whether a hook
//! ran.

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

/// A commit, and what the hook would have said of it.
#[derive(Debug)]
pub struct Audited {
    /// The commit.
    pub commit: Commit,
    /// What blocks it.
    pub findings: Vec<Finding>,
    /// What does not block it and is listed all the same: a weaker configuration, a date before that of a parent.
    pub warnings: Vec<Finding>,
    /// How many more documents were overdue.
    pub omitted_stale: usize,
    /// Why it cannot be checked.
    pub problem: Option<String>,
    /// The overrides that it bears.
    pub overrides: Vec<Override>,
}

impl Audited {
    /// Whether it would have passed, or says why it did not have to.
    pub fn passes(&self) -> bool {
        if self.problem.is_some() {
            return false;
        }
        let rules: BTreeSet<&str> =
            self.overrides.iter().flat_map(|one| one.rules.iter().map(String::as_str)).collect();
        let overdue = self.omitted_stale == 0 || rules.contains("stale-document");
        overdue && self.findings.iter().all(|finding| rules.contains(finding.rule))
    }
}

/// How far the clocks of two machines may differ.
const SKEW: TimeDelta = TimeDelta::hours(1);

fn warning(rule: &'static str, path: &str, message: String) -> Finding {
    let mut finding = Finding::of_file(rule, path, message);
    finding.severity = Severity::Warning;
    finding
}

/// What commits are held against beside their own trees.
#[derive(Clone, Debug)]
pub struct Auditor {
    /// The root of the repository.
    pub root: PathBuf,
    /// The configuration that the user named.
    pub config: Option<PathBuf>,
    /// What the binary says of itself.
    pub program: fn() -> Value,
}

/// What is known of the documents of the commit that was looked at last.
type Last = (String, String, DocumentIndex);

impl Auditor {
    /// Audits the commits that `git log` selects by the arguments, oldest first.
    ///
    /// # Errors
    /// What git says.
    pub fn commits(&self, selection: &[&str]) -> Result<Vec<Audited>, Failure> {
        let arguments: Vec<&str> = ["--reverse", "--topo-order"].into_iter().chain(selection.iter().copied()).collect();
        let commits = history::commits(&self.root, &arguments).map_err(|why| {
            let failure = Failure::usage(format!("git does not know the commits: {why}"));
            if history::is_shallow(&self.root) {
                return failure.hint("this is a shallow clone; fetch more of it, as with `git fetch --unshallow`");
            }
            failure.hint("a range is `A..B`, as `origin/main..HEAD`")
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
        self.judge(&project, &mut audited, last)?;
        Ok(audited)
    }

    fn judge(&self, project: &Project, audited: &mut Audited, last: &mut Option<Last>) -> Result<(), Failure> {
        let failed = |why: String| Failure::usage(format!("git does not say what a commit changed: {why}"));
        let commit = &audited.commit;
        let before = match commit.parents.first() {
            Some(parent) => parent.clone(),
            None => history::empty_tree(&self.root).map_err(failed)?,
        };
        let changes = objects::between(&self.root, &before, &commit.id).map_err(failed)?;
        let own = self.own(commit).map_err(failed)?;
        let mut document_index = project.document_index_after(last.take(), &before)?;
        let judge = RuleRunner::new(Levels::new(&project.config, &[]));
        let at = self.time(commit).map_err(failed)?;
        if at - commit.at > SKEW {
            let message = format!("the commit is dated {}, before its parent", commit.at.format("%Y-%m-%d %H:%M"));
            audited.warnings.push(warning("backdated-commit", &commit.id, message));
        }
        let is_configured =
            |change: &objects::Change| change.path == project.config_file.path || change.path.ends_with("phx.toml");
        if self.config.is_none() && changes.iter().any(is_configured) {
            let past = open::project(None, &Origin::Revision(before.clone()));
            let points = match past {
                Ok(past) => policy::weakened(&past, project, &past.document_index(&before, None)?),
                // A configuration that could not be used asked for nothing.
                Err(_) => Vec::new(),
            };
            let path = &project.config_file.path;
            audited.warnings.extend(points.into_iter().map(|point| warning("weakened-policy", path, point)));
        }
        let mut validator = Validator::new(project, &judge, at, self.program);
        validator.comparison = Comparison::Change;
        validator.before.clone_from(&before);
        validator.config.clone_from(&self.config);
        let step = ChangeContext {
            before: &before,
            changes: &changes,
            own: own.as_ref(),
            stale: Stale::of(own.is_some(), project.config.hook),
        };
        let scope = validator.scope(step, &mut document_index)?;
        validator.document_index = Some(&document_index);
        let verdict = validator.validate_scope(&scope, step);
        let enforcement = project.config.enforcement;
        if pre_commit::blocks(&verdict, enforcement) {
            let blocks = |finding: &Finding| enforcement == Enforcement::Strict || finding.severity == Severity::Error;
            audited.findings = verdict.findings.into_iter().filter(blocks).collect();
            audited.omitted_stale = verdict.omitted_stale;
        }
        *last = Some((project.fingerprint.clone(), commit.id.clone(), document_index));
        Ok(())
    }

    /// The time of a commit: not before that of a parent, or an overdue document could be dated back.
    fn time(&self, commit: &Commit) -> Result<DateTime<Utc>, String> {
        if commit.parents.is_empty() {
            return Ok(commit.at);
        }
        let arguments: Vec<&str> =
            ["--no-walk", "--end-of-options"].into_iter().chain(commit.parents.iter().map(String::as_str)).collect();
        let parents = history::commits(&self.root, &arguments)?;
        Ok(parents.iter().map(|parent| parent.at).fold(commit.at, DateTime::max))
    }

    /// In a merge, the paths that no parent has like that. A parent that the first one follows itself brings nothing in: with its
    /// files a merge would put back what has been there before.
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

    /// Audits what is pushed, as git tells its hook: `REF ID REF ID` a line.
    ///
    /// # Errors
    /// What git says.
    pub fn pushed(&self, told: &str) -> Result<Vec<Audited>, Failure> {
        let mut audited: Vec<Audited> = Vec::new();
        for line in told.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            let [_, new, _, old] = words.as_slice() else { continue };
            let is_nothing = |id: &str| id.bytes().all(|byte| byte == b'0');
            if is_nothing(new) {
                continue;
            }
            let known = !is_nothing(old) && objects::commit(&self.root, old).is_ok();
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
