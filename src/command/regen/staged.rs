//! `phx regen --staged`: the AUTO blocks of what is staged, in the index and in the worktree.

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

/// Rewrites what is staged, in the index and in the worktree.
pub fn run(session: &Session, output: ListFormat) -> Result<u8, Failure> {
    let project = session.project_from(&Origin::Index)?;
    let place = GitDirs::find(&project.root).ok_or_else(|| Failure::usage("there is no git repository here"))?;
    let gate = PreCommit {
        project: &project,
        place: &place,
        hook: Hook::PreCommit,
        mode: None,
        overridden: false,
        now: session.now,
        program: program::facts,
        config: session.config.clone(),
    };
    let passage = gate.regenerate()?;
    let mut documents: Vec<Rewritten> = passage.written.into_iter().chain(passage.left).collect();
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
    for notice in passage.notices.into_iter().chain(report::notices(&documents, options)) {
        session.notice(&notice);
    }
    for problem in report::problems(&documents, &project.folder) {
        disk::write_stderr(&problem);
    }
    let summary = if documents.is_empty() {
        "nothing governed is staged".to_owned()
    } else {
        report::summary(&documents, options)
    };
    session.notice(&summary);
    Ok(if documents.iter().any(Rewritten::is_finding) { FINDINGS } else { CLEAN })
}
