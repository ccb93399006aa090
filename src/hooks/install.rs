//! Installs and removes the Git hooks. Existing hooks are kept and run first.

use std::path::{Path, PathBuf};

use super::shim;
use super::{Hook, HookMode};
use crate::failure::Failure;
use crate::system::git::git_dirs::{self, GitDirs};
use crate::system::git::merge;
use crate::system::{disk, environment};
use crate::text::shell;

/// Hooks directory of a repository.
#[derive(Clone, Debug)]
pub(crate) struct HooksFolder {
    pub path: PathBuf,
    root: PathBuf,
}

/// Number of documents whose merge driver is queried.
const DRIVER_SAMPLE: usize = 20;

/// State of a hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HookState {
    /// Installed and unchanged.
    Installed {
        /// Whether a previous hook runs first.
        chained: bool,
    },
    Missing,
    /// Installed by phx, but edited by hand or not executable.
    Changed,
    /// Not installed by phx.
    Foreign,
    /// The phx executable that the hook starts, at this path, does not exist.
    ProgramMissing(String),
}

/// Result of installing or removing a hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InstallResult {
    Written,
    /// Written; the previous hook runs first.
    Chained,
    /// Already installed.
    Unchanged,
    Removed,
    /// Removed, and the previous hook was restored.
    Restored,
    /// No hook of phx to remove.
    Nothing,
}

impl HooksFolder {
    /// Locates the hooks directory of the repository.
    ///
    /// # Errors
    /// Returns an error if the working directory is not in a repository with a worktree.
    pub(crate) fn find() -> Result<Self, Failure> {
        let cwd = disk::working_directory().map_err(|error| {
            Failure::usage(format!("cannot determine the working directory: {}", disk::explain(&error)))
        })?;
        let root = git_dirs::worktree(&cwd).ok_or_else(|| match git_dirs::repository(&cwd) {
            Some(_) => Failure::usage("this repository is bare; the hooks require a worktree")
                .hint("run `phx hook install` in each clone")
                .hint("on the server, run `phx audit --range OLD..NEW` in a `pre-receive` hook"),
            None => {
                Failure::usage("the working directory is not in a Git repository").hint("run `git init` to create one")
            }
        })?;
        let path = git_dirs::hooks(&root)
            .map_err(|why| Failure::usage(format!("cannot determine the hooks directory: {why}")))?;
        Ok(Self { path, root })
    }

    /// Rejects a hooks directory outside of the repository, ignored by Git or managed by husky. The help has the lines
    /// to add by hand.
    fn require_own(&self, hooks: &[Hook]) -> Result<(), Failure> {
        let shown = self.path.display();
        let lines = |folder: &str| -> Vec<String> {
            let line = |hook: &Hook| {
                let line = match hook {
                    Hook::PreCommit => "phx hook run pre-commit --mode check".to_owned(),
                    Hook::CommitMsg => "phx hook run commit-msg \"$1\"".to_owned(),
                    other => format!("phx hook run {}", other.name()),
                };
                format!("add this line to `{folder}/{}`: {line}", hook.name())
            };
            hooks.iter().map(line).collect()
        };
        let reject = |why: String, folder: String| {
            let failure = Failure::usage(why);
            lines(&folder).into_iter().fold(failure, Failure::hint)
        };
        let real = disk::real_ancestor(&self.path);
        let in_git =
            GitDirs::find(&self.root).is_some_and(|place| real.starts_with(disk::real_ancestor(&place.common)));
        if in_git {
            return Ok(());
        }
        if !real.starts_with(disk::real_ancestor(&self.root)) {
            let why = format!(
                "the hooks directory `{shown}` (`core.hooksPath`) is outside this repository; no hook was installed"
            );
            return Err(reject(why, shown.to_string()));
        }
        if git_dirs::is_ignored(&self.root, &self.path.join("pre-commit")) {
            // Husky generates its files in `.husky/_`; users edit the files in `.husky`.
            let written = if self.path.ends_with(".husky/_") { self.path.parent() } else { None };
            let folder = written.unwrap_or(&self.path).display().to_string();
            let why =
                format!("the hooks directory `{shown}` (`core.hooksPath`) is ignored by Git; no hook was installed");
            return Err(reject(why, folder));
        }
        if self.path.starts_with(self.root.join(".husky")) {
            let why = format!("the hooks directory `{shown}` is managed by husky; no hook was installed");
            return Err(reject(why, shown.to_string()));
        }
        Ok(())
    }

    /// Returns whether the hooks directory is part of the worktree, so that other machines use the hooks too.
    fn is_shared(&self) -> bool {
        let real = disk::real_ancestor(&self.path);
        !GitDirs::find(&self.root).is_some_and(|place| real.starts_with(disk::real_ancestor(&place.common)))
    }

    fn file(&self, hook: Hook) -> PathBuf {
        self.path.join(hook.name())
    }

    /// Returns the state of a hook.
    pub(crate) fn state(&self, hook: Hook) -> HookState {
        let Ok(Some(bytes)) = disk::read_optional(&self.file(hook)) else {
            return HookState::Missing;
        };
        if !shim::is_shim(&bytes) {
            return HookState::Foreign;
        }
        if !shim::is_unchanged(hook, &bytes) || !disk::is_executable(&self.file(hook)) {
            return HookState::Changed;
        }
        match shim::program(&bytes) {
            Some(program) if !program.is_empty() && !disk::exists(Path::new(&program)) => {
                HookState::ProgramMissing(program)
            }
            _ => HookState::Installed { chained: disk::exists(&backup_path(&self.file(hook))) },
        }
    }

    /// Installs hooks.
    ///
    /// # Errors
    /// Returns an error if a hook cannot be installed. Earlier hooks in the list stay installed.
    pub(crate) fn install(
        &self,
        hooks: &[Hook],
        mode: Option<HookMode>,
    ) -> Result<Vec<(Hook, InstallResult)>, Failure> {
        self.require_own(hooks)?;
        let program = environment::program().map_err(|error| {
            Failure::internal(format!("cannot determine the path of the phx executable: {}", disk::explain(&error)))
        })?;
        // With an empty path, the script searches for phx in `PATH`.
        let program = if self.is_shared() { PathBuf::new() } else { program };
        hooks.iter().map(|hook| Ok((*hook, self.install_one(*hook, mode, &program)?))).collect()
    }

    fn install_one(&self, hook: Hook, mode: Option<HookMode>, program: &Path) -> Result<InstallResult, Failure> {
        let file = self.file(hook);
        let text = shim::text(hook, mode, program);
        let current = disk::read_optional(&file).map_err(|error| io_failure(&file, &error))?;
        let foreign = match &current {
            Some(bytes) if *bytes == text.as_bytes() && disk::is_executable(&file) => {
                return Ok(InstallResult::Unchanged);
            }
            Some(bytes) if shim::is_shim(bytes) => {
                if !shim::is_unchanged(hook, bytes) {
                    return Err(changed_failure(&file));
                }
                false
            }
            Some(_) => true,
            // A dangling link counts as a hook.
            None => disk::exists(&file),
        };
        if foreign {
            let backup_path = backup_path(&file);
            if disk::exists(&backup_path) {
                let why = format!("cannot back up the existing hook: `{}` already exists", backup_path.display());
                return Err(Failure::usage(why).hint("compare the two hooks and move one of them to another folder"));
            }
            disk::link_as(&file, &backup_path).map_err(|error| io_failure(&file, &error))?;
        }
        disk::write_program(&file, text.as_bytes()).map_err(|error| io_failure(&file, &error))?;
        Ok(if foreign { InstallResult::Chained } else { InstallResult::Written })
    }

    /// Registers the merge driver in this clone. Returns `false` if it was already registered with the same command.
    pub(crate) fn register_driver(&self) -> Result<bool, Failure> {
        let program = environment::program().map_err(|error| {
            Failure::internal(format!("cannot determine the path of the phx executable: {}", disk::explain(&error)))
        })?;
        let driver = format!("{} merge-driver %O %A %B %L %P", shell::quoted(&program.to_string_lossy()));
        if merge::driver(&self.root).as_deref() == Some(&*driver) {
            return Ok(false);
        }
        merge::register(&self.root, &driver).map_err(driver_failure)?;
        Ok(true)
    }

    /// Removes the merge driver from this clone. Returns whether it was registered.
    pub(crate) fn unregister_driver(&self) -> Result<bool, Failure> {
        merge::unregister(&self.root).map_err(driver_failure)
    }

    /// Returns whether this clone has the merge driver, and whether `.gitattributes` assigns it to one of the
    /// documents.
    pub(crate) fn driver(&self, documents: &[String]) -> (bool, bool) {
        let is_named = documents.iter().take(DRIVER_SAMPLE).any(|path| merge::is_named(&self.root, path));
        (merge::driver(&self.root).is_some(), is_named)
    }

    /// Removes the hooks of phx and restores previous hooks.
    pub(crate) fn uninstall(&self) -> Result<Vec<(Hook, InstallResult)>, Failure> {
        Hook::ALL.iter().map(|hook| Ok((*hook, self.uninstall_one(*hook)?))).collect()
    }

    fn uninstall_one(&self, hook: Hook) -> Result<InstallResult, Failure> {
        let file = self.file(hook);
        match self.state(hook) {
            // The hook of phx was deleted by hand, but the backup of the previous hook still exists.
            HookState::Missing if disk::exists(&backup_path(&file)) && !disk::exists(&file) => {}
            HookState::Missing | HookState::Foreign => return Ok(InstallResult::Nothing),
            HookState::Changed
                if disk::read_optional(&file)
                    .is_ok_and(|bytes| bytes.is_some_and(|bytes| !shim::is_unchanged(hook, &bytes))) =>
            {
                return Err(changed_failure(&file));
            }
            _ => {}
        }
        let backup_path = backup_path(&file);
        if disk::exists(&backup_path) {
            disk::rename(&backup_path, &file).map_err(|error| io_failure(&file, &error))?;
            return Ok(InstallResult::Restored);
        }
        disk::remove(&file).map_err(|error| io_failure(&file, &error))?;
        Ok(InstallResult::Removed)
    }
}

fn driver_failure(why: impl std::fmt::Display) -> Failure {
    Failure::usage(format!("cannot configure the merge driver: {why}"))
}

/// Returns the path of the backup of the previous hook.
fn backup_path(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_os_string();
    name.push(".before-phx");
    file.with_file_name(name)
}

fn changed_failure(file: &Path) -> Failure {
    let shown = file.display();
    Failure::usage(format!("hook `{shown}` differs from the script of this version; it was not changed")).hint(format!(
        "save your changes, run `rm {}`, then run the same command again",
        shell::quoted(&shown.to_string())
    ))
}

fn io_failure(file: &Path, error: &std::io::Error) -> Failure {
    Failure::internal(format!("cannot write the hook `{}`: {}", file.display(), error.to_string().to_lowercase()))
}
