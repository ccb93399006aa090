//! `phx hook`: installs, removes, shows and runs the Git hooks.

mod serve;

use super::session::Session;
use crate::cli::{HookCommand as Arguments, HookModeArg as Mode};
use crate::failure::{CLEAN, FINDINGS, Failure};
use crate::hooks::install::{HookState, HooksFolder, InstallResult};
use crate::hooks::{Hook, HookMode};
use crate::system::disk;
use crate::system::git::git_dirs::{self, GitDirs};
use crate::workspace::Origin;

pub(super) fn run(session: &Session, arguments: &Arguments) -> Result<u8, Failure> {
    match arguments {
        Arguments::Install { mode, pre_push } => install(session, mode.map(read), *pre_push),
        Arguments::Uninstall => uninstall(session),
        Arguments::Status => status(session),
        Arguments::Run { name, mode, arguments } => serve::run(session, *name, mode.map(read), arguments),
    }
}

fn read(mode: Mode) -> HookMode {
    match mode {
        Mode::Check => HookMode::Check,
        Mode::Write => HookMode::Write,
    }
}

fn install(session: &Session, mode: Option<HookMode>, pre_push: bool) -> Result<u8, Failure> {
    let folder = HooksFolder::find()?;
    let hooks = if pre_push { Hook::ALL } else { Hook::USUAL };
    for (hook, done) in folder.install(hooks, mode)? {
        let what = match done {
            InstallResult::Chained => "installed; the previous hook runs first",
            InstallResult::Unchanged => "already installed",
            _ => "installed",
        };
        session.notice(&format!("{}: {what}", hook.name()));
    }
    let is_new = folder.register_driver()?;
    session.notice(&format!("merge driver: {}", if is_new { "registered" } else { "already registered" }));
    // Builds the document index now, so that the first commit does not have to.
    let documents = documents(session);
    if !folder.driver(&documents).1 && !documents.is_empty() {
        session.notice("to enable the merge driver, add `*.md merge=phx` to .gitattributes");
    }
    Ok(CLEAN)
}

/// Returns the paths of governed documents in `HEAD`.
fn documents(session: &Session) -> Vec<String> {
    let (Ok(project), Ok(cwd)) = (session.project_from(&Origin::Index), disk::working_directory()) else {
        return Vec::new();
    };
    let found = git_dirs::worktree(&cwd).and_then(|root| GitDirs::find(&root));
    let document_index = found.and_then(|git_dirs| project.document_index("HEAD", Some(&git_dirs.common)).ok());
    document_index
        .map(|document_index| document_index.documents().into_iter().map(|known| known.path).collect())
        .unwrap_or_default()
}

fn uninstall(session: &Session) -> Result<u8, Failure> {
    let folder = HooksFolder::find()?;
    if folder.unregister_driver()? {
        session.notice("merge driver: removed");
    }
    for (hook, done) in folder.uninstall()? {
        match done {
            InstallResult::Removed => session.notice(&format!("{}: removed", hook.name())),
            InstallResult::Restored => session.notice(&format!("{}: removed; previous hook restored", hook.name())),
            _ => {}
        }
    }
    Ok(CLEAN)
}

fn status(session: &Session) -> Result<u8, Failure> {
    let folder = HooksFolder::find()?;
    let mut text = format!("hooks directory: {}\n", folder.path.display());
    let mut code = CLEAN;
    for hook in Hook::ALL {
        let state = folder.state(*hook);
        let is_expected = Hook::USUAL.contains(hook);
        let (what, good) = match state {
            HookState::Installed { chained: true } => ("installed; another hook runs first".to_owned(), true),
            HookState::Installed { chained: false } => ("installed".to_owned(), true),
            HookState::Missing | HookState::Foreign if !is_expected => continue,
            HookState::Missing => ("missing; run `phx hook install`".to_owned(), false),
            HookState::Foreign => {
                ("not installed by phx; run `phx hook install` to run phx after it".to_owned(), false)
            }
            HookState::Changed => ("changed after phx installed it".to_owned(), false),
            HookState::ProgramMissing(program) => {
                (format!("program `{program}` is missing; run `phx hook install`"), false)
            }
        };
        text.push_str(&format!("{}: {what}\n", hook.name()));
        code = if good { code } else { FINDINGS };
    }
    let (what, good) = match folder.driver(&documents(session)) {
        (true, true) => ("registered and enabled in .gitattributes", true),
        (true, false) => ("registered; to enable it, add `*.md merge=phx` to .gitattributes", true),
        (false, true) => ("enabled in .gitattributes but not registered; run `phx hook install`", false),
        (false, false) => ("not registered", true),
    };
    text.push_str(&format!("merge driver: {what}\n"));
    Session::print(&text)?;
    Ok(if good { code } else { FINDINGS })
}
