//! `phx hook run`: runs a hook for Git and reports the result.

use std::ffi::OsString;
use std::path::Path;

use super::super::session::Session;
use super::super::{audit, findings, program};
use crate::cli::HookName;
use crate::config::Enforcement;
use crate::failure::{CLEAN, FINDINGS, Failure};
use crate::hooks::audit::Audited;
use crate::hooks::overrides::{self, HookPolicy, OVERRIDE};
use crate::hooks::pre_commit::{HookReport, PreCommit};
use crate::hooks::{Hook, HookMode, message, stamps};
use crate::regen::block_results::BlockStatus;
use crate::report::{concise, text};
use crate::system::disk;
use crate::system::git::git_dirs::GitDirs;
use crate::workspace::{Origin, Project};

/// Maximum number of new warnings that are shown.
const WARNINGS: usize = 5;

/// Runs a hook. Returns the exit code for Git.
pub(super) fn run(
    session: &Session,
    name: HookName,
    mode: Option<HookMode>,
    arguments: &[OsString],
) -> Result<u8, Failure> {
    let policy = overrides::policy()?;
    if let HookPolicy::Skip(by) = policy {
        session.notice(&format!("phx: hook skipped ({by})"));
        return Ok(CLEAN);
    }
    let hook = match name {
        HookName::PreCommit => Hook::PreCommit,
        HookName::PreMergeCommit => Hook::PreMergeCommit,
        HookName::CommitMsg => Hook::CommitMsg,
        HookName::PrePush => return pushed(session, &policy),
    };
    let project = session.project_from(&Origin::Index)?;
    let git_dirs = GitDirs::find(&project.root).ok_or_else(|| Failure::usage("not in a Git repository"))?;
    let pre_commit = PreCommit {
        project: &project,
        git_dirs: &git_dirs,
        hook,
        mode,
        overridden: matches!(policy, HookPolicy::Override(_)),
        now: session.now,
        program: program::facts,
        config: session.config.clone(),
    };
    if hook == Hook::CommitMsg {
        let file = arguments
            .first()
            .ok_or_else(|| Failure::usage("the commit-msg hook requires the file name of the message"))?;
        let overridden = override_text(&pre_commit, &policy)?;
        message::add(&project.root, Path::new(file), &stamps::staged(&project), overridden.as_deref())?;
        return Ok(CLEAN);
    }
    let report = pre_commit.run()?;
    stamps::write_stamp_file(&git_dirs, &report.stamps);
    for file in stamps::unstaged_records(&project, &report.stamps) {
        session.notice(&format!(
            "phx: the record of a review is not staged; run `git add {}`",
            project.folder.quoted(&file)
        ));
    }
    finish(session, &report, &policy, hook, &project)
}

/// Returns the value of the override trailer, or `None` if there is nothing to override.
fn override_text(pre_commit: &PreCommit<'_>, policy: &HookPolicy) -> Result<Option<String>, Failure> {
    let HookPolicy::Override(reason) = policy else { return Ok(None) };
    let report = pre_commit.run()?;
    let blocking = report.rejecting_findings(pre_commit.project.config.enforcement);
    Ok(report.blocks.then(|| overrides::text(reason, &blocking, report.scope_findings.omitted_stale)))
}

/// Prints the result of a hook. Returns 1 if the commit is rejected, otherwise 0.
fn finish(
    session: &Session,
    report: &HookReport,
    policy: &HookPolicy,
    hook: Hook,
    project: &Project,
) -> Result<u8, Failure> {
    let (folder, enforcement) = (&project.folder, project.config.enforcement);
    for written in &report.written {
        for block in written.blocks.iter().filter(|block| block.what == BlockStatus::Written) {
            let changes = if block.changes.is_empty() { String::new() } else { format!(": {}", block.changes) };
            session.notice(&format!(
                "phx: updated AUTO block `{}` in {}{changes}",
                block.name,
                folder.display_path(&written.path)
            ));
        }
    }
    for notice in &report.notices {
        session.notice(&format!("phx: {notice}"));
    }
    let scope_findings = &report.scope_findings;
    let overridden = matches!(policy, HookPolicy::Override(_)) || report.replaying.is_some();
    let shown = if session.verbose { scope_findings.findings.clone() } else { report.rejecting_findings(enforcement) };
    if !shown.is_empty() {
        // Findings that do not reject the commit are shown on one line each.
        let render = if overridden { concise::render } else { text::render };
        Session::show(&render(&findings::plain(session, folder, &shown), session.color))?;
    }
    if scope_findings.omitted_stale > 0 {
        session.notice(&format!(
            "{} more documents are stale; run `phx status` to list them",
            scope_findings.omitted_stale
        ));
    }
    if !session.verbose && enforcement != Enforcement::Strict {
        for warning in report.new_warnings.iter().take(WARNINGS) {
            let (path, line) = (folder.display_path(&warning.path), warning.range.start.line);
            session.notice(&format!("phx: new in this commit: {path}:{line}: {} [{}]", warning.message, warning.rule));
        }
        if let Some(more) = report.new_warnings.len().checked_sub(WARNINGS).filter(|more| *more > 0) {
            session.notice(&format!("phx: {more} more new warnings; run `phx validate` to show all warnings"));
        }
    }
    if !report.blocks {
        return Ok(CLEAN);
    }
    if let Some(what) = report.replaying {
        session.notice(&format!("phx: not rejected during a {what}; CI validates the commits again"));
        return Ok(CLEAN);
    }
    if let HookPolicy::Override(reason) = policy {
        session.notice(&format!("phx: overridden (recorded): {reason}"));
        return Ok(CLEAN);
    }
    let of = |rule: &str| -> Vec<_> {
        shown.iter().filter(|found| found.rule == rule).map(|found| folder.quoted(&found.path)).collect()
    };
    let stale = of("stale-document");
    if stale.len() > 1 {
        session.notice(&format!("run `phx review {}` to review the stale documents together", stale.join(" ")));
    }
    if hook == Hook::PreCommit && !of("outdated-auto-section").is_empty() {
        session.notice("run `phx regen --staged` to update outdated AUTO blocks in the index and in the worktree");
    }
    if hook == Hook::PreMergeCommit {
        disk::write_stderr(
            "merge not committed; fix the findings, run `phx regen --staged` if AUTO blocks are outdated, then run `git commit`",
        );
    } else {
        disk::write_stderr(&format!("commit rejected; to override, run `{OVERRIDE}=\"reason\" git commit` (recorded)"));
    }
    Ok(FINDINGS)
}

/// Audits the pushed commits, which Git lists on standard input.
fn pushed(session: &Session, policy: &HookPolicy) -> Result<u8, Failure> {
    let pushed_refs = disk::read_stdin()
        .map_err(|error| Failure::usage(format!("cannot read standard input: {}", disk::explain(&error))))?;
    let auditor = audit::auditor(session)?;
    let audited = auditor.pushed(&String::from_utf8_lossy(&pushed_refs))?;
    let failing: Vec<&Audited> = audited.iter().filter(|one| !one.passes()).collect();
    if failing.is_empty() {
        return Ok(CLEAN);
    }
    Session::show(&audit::text(failing.iter().copied()))?;
    if let HookPolicy::Override(reason) = policy {
        session.notice(&format!("phx: push accepted with an override: {reason}"));
        return Ok(CLEAN);
    }
    disk::write_stderr("push rejected; fix the commits, or run `PHX=0 git push` to skip the hook");
    Ok(FINDINGS)
}
