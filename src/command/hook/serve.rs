//! What git starts a hook for: checking, writing, completing the message, and saying what came of it.

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

/// How many of the warnings that a commit brings in are shown.
const WARNINGS: usize = 5;

/// Does what git started the hook for.
pub fn run(session: &Session, name: HookName, mode: Option<HookMode>, arguments: &[OsString]) -> Result<u8, Failure> {
    let policy = overrides::policy()?;
    if let HookPolicy::Skip(by) = policy {
        session.notice(&format!("phx: not checked ({by})"));
        return Ok(CLEAN);
    }
    let hook = match name {
        HookName::PreCommit => Hook::PreCommit,
        HookName::PreMergeCommit => Hook::PreMergeCommit,
        HookName::CommitMsg => Hook::CommitMsg,
        HookName::PrePush => return pushed(session, &policy),
    };
    let project = session.project_from(&Origin::Index)?;
    let place = GitDirs::find(&project.root).ok_or_else(|| Failure::usage("there is no git repository here"))?;
    let gate = PreCommit {
        project: &project,
        place: &place,
        hook,
        mode,
        overridden: matches!(policy, HookPolicy::Override(_)),
        now: session.now,
        program: program::facts,
        config: session.config.clone(),
    };
    if hook == Hook::CommitMsg {
        let file = arguments.first().ok_or_else(|| Failure::usage("commit-msg needs the file of the message"))?;
        let overridden = overridden(&gate, &policy)?;
        message::add(&project.root, Path::new(file), &stamps::staged(&project), overridden.as_deref())?;
        return Ok(CLEAN);
    }
    let passage = gate.pass()?;
    stamps::note(&place, &passage.stamps);
    for file in stamps::left_records(&project, &passage.stamps) {
        session
            .notice(&format!("phx: the record of a review is not staged: `git add {}`", project.folder.quoted(&file)));
    }
    told(session, &passage, &policy, hook, &project)
}

/// What the trailer of an override says, where there is something to override.
fn overridden(gate: &PreCommit<'_>, policy: &HookPolicy) -> Result<Option<String>, Failure> {
    let HookPolicy::Override(reason) = policy else { return Ok(None) };
    let passage = gate.pass()?;
    let blocking = passage.blocking(gate.project.config.enforcement);
    Ok(passage.blocks.then(|| overrides::text(reason, &blocking, passage.verdict.omitted_stale)))
}

/// Says what came of it; the exit code that lets the commit pass or not.
fn told(
    session: &Session,
    passage: &HookReport,
    policy: &HookPolicy,
    hook: Hook,
    project: &Project,
) -> Result<u8, Failure> {
    let (folder, enforcement) = (&project.folder, project.config.enforcement);
    for written in &passage.written {
        for block in written.blocks.iter().filter(|block| block.what == BlockStatus::Written) {
            let changes = if block.changes.is_empty() { String::new() } else { format!(": {}", block.changes) };
            session.notice(&format!("phx wrote {} in {}{changes}", block.name, folder.shown(&written.path)));
        }
    }
    for notice in &passage.notices {
        session.notice(&format!("phx: {notice}"));
    }
    let verdict = &passage.verdict;
    let overridden = matches!(policy, HookPolicy::Override(_)) || passage.replaying.is_some();
    let shown = if session.verbose { verdict.findings.clone() } else { passage.blocking(enforcement) };
    if !shown.is_empty() {
        // What is let through all the same needs no frames.
        let render = if overridden { concise::render } else { text::render };
        Session::show(&render(&findings::plain(session, folder, &shown), session.color))?;
    }
    if verdict.omitted_stale > 0 {
        session.notice(&format!("{} more documents are overdue; `phx status` lists them", verdict.omitted_stale));
    }
    if !session.verbose && enforcement != Enforcement::Strict {
        for warning in passage.new_warnings.iter().take(WARNINGS) {
            let (path, line) = (folder.shown(&warning.path), warning.range.start.line);
            session
                .notice(&format!("phx: new with this commit: {path}:{line}: {} [{}]", warning.message, warning.rule));
        }
        if let Some(more) = passage.new_warnings.len().checked_sub(WARNINGS).filter(|more| *more > 0) {
            session.notice(&format!("phx: and {more} more; `phx validate` shows them"));
        }
    }
    if !passage.blocks {
        return Ok(CLEAN);
    }
    if let Some(what) = passage.replaying {
        session.notice(&format!("phx: a {what} is under way, so this blocks nothing; CI will look again"));
        return Ok(CLEAN);
    }
    if let HookPolicy::Override(reason) = policy {
        session.notice(&format!("phx: overridden, on record: {reason}"));
        return Ok(CLEAN);
    }
    let of = |rule: &str| -> Vec<_> {
        shown.iter().filter(|found| found.rule == rule).map(|found| folder.quoted(&found.path)).collect()
    };
    let late = of("stale-document");
    if late.len() > 1 {
        session.notice(&format!("`phx review {}` reviews them together", late.join(" ")));
    }
    if hook == Hook::PreCommit && !of("outdated-auto-section").is_empty() {
        session.notice("`phx regen --staged` writes outdated AUTO blocks into what is staged and into the worktree");
    }
    if hook == Hook::PreMergeCommit {
        disk::write_stderr(
            "the merge is not committed yet: mend it, with `phx regen --staged` where AUTO blocks are outdated, then `git commit`",
        );
    } else {
        disk::write_stderr(&format!("not committed; `{OVERRIDE}=\"reason\" git commit` passes on record"));
    }
    Ok(FINDINGS)
}

/// Audits what is pushed.
fn pushed(session: &Session, policy: &HookPolicy) -> Result<u8, Failure> {
    let told = disk::read_stdin()
        .map_err(|error| Failure::usage(format!("standard input cannot be read: {}", disk::explain(&error))))?;
    let auditor = audit::auditor(session)?;
    let audited = auditor.pushed(&String::from_utf8_lossy(&told))?;
    let wrong: Vec<&Audited> = audited.iter().filter(|one| !one.passes()).collect();
    if wrong.is_empty() {
        return Ok(CLEAN);
    }
    Session::show(&audit::text(wrong.iter().copied()))?;
    if let HookPolicy::Override(reason) = policy {
        session.notice(&format!("phx: pushed all the same: {reason}"));
        return Ok(CLEAN);
    }
    disk::write_stderr("not pushed; mend the commits, or `PHX=0 git push`");
    Ok(FINDINGS)
}
