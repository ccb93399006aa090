//! `phx regen --staged`: regenerates AUTO blocks of staged documents, in the index and in the worktree.

use super::super::program;
use super::super::session::Session;
use crate::cli::ListFormat;
use crate::failure::{CLEAN, FINDINGS, Failure};
use crate::hooks::Hook;
use crate::hooks::pre_commit::PreCommit;
use crate::regen::block_results::Rewritten;
use crate::report::regen::{self as report, Options};
use crate::system::disk;
use crate::system::git::git_dirs::GitDirs;
use crate::workspace::Origin;

pub(super) fn run(session: &Session, output: ListFormat) -> Result<u8, Failure> {
    let project = session.project_from(&Origin::Index)?;
    let git_dirs = GitDirs::find(&project.root).ok_or_else(|| Failure::usage("not in a Git repository"))?;
    let pre_commit = PreCommit {
        project: &project,
        git_dirs: &git_dirs,
        hook: Hook::PreCommit,
        mode: None,
        overridden: false,
        now: session.now,
        program: program::facts,
        config: session.config.clone(),
    };
    let hook_report = pre_commit.regenerate()?;
    let mut documents: Vec<Rewritten> = hook_report.written.into_iter().chain(hook_report.not_written).collect();
    documents.sort_by(|a, b| a.path.cmp(&b.path));
    let options = Options {
        check: false,
        again: " --staged",
        verbose: session.verbose,
        now: session.now,
        folder: &project.folder,
    };
    if output == ListFormat::Json {
        Session::print(&report::json(&documents, options))?;
    }
    for notice in hook_report.notices.into_iter().chain(report::notices(&documents, options)) {
        session.notice(&notice);
    }
    for problem in report::problems(&documents, &project.folder) {
        disk::write_stderr(&problem);
    }
    let summary = if documents.is_empty() {
        "no governed documents are staged".to_owned()
    } else {
        report::summary(&documents, options)
    };
    session.notice(&summary);
    Ok(if documents.iter().any(Rewritten::is_finding) { FINDINGS } else { CLEAN })
}
