//! Installing the hooks where git looks for them, keeping what stands there, and taking them away again.

use std::path::{Path, PathBuf};

use super::shim;
use super::{Hook, HookMode};
use crate::failure::Failure;
use crate::system::git::git_dirs::{self, GitDirs};
use crate::system::git::merge;
use crate::system::{disk, environment};
use crate::text::shell;

/// Where the hooks of a repository live.
#[derive(Clone, Debug)]
pub struct HooksFolder {
    /// Its path.
    pub path: PathBuf,
    root: PathBuf,
}

/// For how many documents Git is asked which merge driver it uses.
const NAMED: usize = 20;

/// How a hook stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HookState {
    /// It is as phx wrote it.
    Installed {
        /// Whether a hook that stood there before runs first.
        chained: bool,
    },
    /// It is not there.
    Missing,
    /// It is phx's, and somebody changed it.
    Changed,
    /// It is somebody else's.
    Foreign,
    /// The program that it starts is not there.
    ProgramMissing(String),
}

/// What was done about a hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstallResult {
    /// It was written.
    Written,
    /// It was written, and the hook that stood there runs first.
    Chained,
    /// It was there already.
    Unchanged,
    /// It was taken away.
    Removed,
    /// It was taken away, and the hook that stood there before stands there again.
    Restored,
    /// There was nothing to take away.
    Nothing,
}

impl HooksFolder {
    /// Asks git where the hooks of the repository live.
    ///
    /// # Errors
    /// Where there is no repository with a worktree.
    pub fn find() -> Result<Self, Failure> {
        let cwd = disk::working_directory()
            .map_err(|error| Failure::usage(format!("there is no working directory: {}", disk::explain(&error))))?;
        let root = git_dirs::worktree(&cwd).ok_or_else(|| match git_dirs::repository(&cwd) {
            Some(_) => Failure::usage("this repository is bare, and these hooks belong to commits made in a worktree")
                .hint("run `phx hook install` in each clone")
                .hint("on the server, a `pre-receive` hook can run `phx audit --range OLD..NEW` on what is pushed"),
            None => Failure::usage("there is no git repository with a worktree here").hint("`git init` makes one"),
        })?;
        let path =
            git_dirs::hooks(&root).map_err(|why| Failure::usage(format!("git does not name its hooks: {why}")))?;
        Ok(Self { path, root })
    }

    /// Refuses a folder that is not the repository's own, or that git ignores: with the lines to add by hand.
    fn require_own(&self, hooks: &[Hook]) -> Result<(), Failure> {
        let shown = self.path.display();
        let lines = |folder: &str| -> Vec<String> {
            let line = |hook: &Hook| {
                let line = match hook {
                    Hook::PreCommit => "phx hook run pre-commit --mode check".to_owned(),
                    Hook::CommitMsg => "phx hook run commit-msg \"$1\"".to_owned(),
                    other => format!("phx hook run {}", other.name()),
                };
                format!("add to `{folder}/{}` the line: {line}", hook.name())
            };
            hooks.iter().map(line).collect()
        };
        let refuse = |why: String, folder: String| {
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
                "the hooks live in `{shown}` (core.hooksPath), outside this repository; phx writes nothing there"
            );
            return Err(refuse(why, shown.to_string()));
        }
        if git_dirs::is_ignored(&self.root, &self.path.join("pre-commit")) {
            // husky keeps its own files in a folder below the one that people write to.
            let written = if self.path.ends_with(".husky/_") { self.path.parent() } else { None };
            let folder = written.unwrap_or(&self.path).display().to_string();
            let why =
                format!("the hooks live in `{shown}` (core.hooksPath), which git ignores; phx writes nothing there");
            return Err(refuse(why, folder));
        }
        if self.path.starts_with(self.root.join(".husky")) {
            let why = format!("the hooks live in `{shown}`, which husky manages; phx writes nothing there");
            return Err(refuse(why, shown.to_string()));
        }
        Ok(())
    }

    /// Whether others get the hooks with the repository: a path of this machine has no place in them.
    fn is_shared(&self) -> bool {
        let real = disk::real_ancestor(&self.path);
        !GitDirs::find(&self.root).is_some_and(|place| real.starts_with(disk::real_ancestor(&place.common)))
    }

    fn file(&self, hook: Hook) -> PathBuf {
        self.path.join(hook.name())
    }

    /// How a hook stands.
    pub fn state(&self, hook: Hook) -> HookState {
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
    /// Where one of them cannot be; those before it are installed.
    pub fn install(&self, hooks: &[Hook], mode: Option<HookMode>) -> Result<Vec<(Hook, InstallResult)>, Failure> {
        self.require_own(hooks)?;
        let program = environment::program()
            .map_err(|error| Failure::internal(format!("phx does not know where it is: {}", disk::explain(&error))))?;
        // Without a path the script looks phx up.
        let program = if self.is_shared() { PathBuf::new() } else { program };
        hooks.iter().map(|hook| Ok((*hook, self.install_one(*hook, mode, &program)?))).collect()
    }

    fn install_one(&self, hook: Hook, mode: Option<HookMode>, program: &Path) -> Result<InstallResult, Failure> {
        let file = self.file(hook);
        let text = shim::text(hook, mode, program);
        let standing = disk::read_optional(&file).map_err(|error| io_failure(&file, &error))?;
        let foreign = match &standing {
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
            // A link that leads nowhere yet is a hook too.
            None => disk::exists(&file),
        };
        if foreign {
            let backup_path = backup_path(&file);
            if disk::exists(&backup_path) {
                let why = format!("`{}` stands in the way of the hook that is kept there", backup_path.display());
                return Err(Failure::usage(why).hint("look which of the two hooks is yours, and move the other away"));
            }
            disk::keep_as(&file, &backup_path).map_err(|error| io_failure(&file, &error))?;
        }
        disk::write_program(&file, text.as_bytes()).map_err(|error| io_failure(&file, &error))?;
        Ok(if foreign { InstallResult::Chained } else { InstallResult::Written })
    }

    /// Registers the merge driver in this clone; whether it was not registered like that before.
    ///
    /// # Errors
    /// What Git says.
    pub fn register_driver(&self) -> Result<bool, Failure> {
        let program = environment::program()
            .map_err(|error| Failure::internal(format!("phx does not know where it is: {}", disk::explain(&error))))?;
        let driver = format!("{} merge-driver %O %A %B %L %P", shell::quoted(&program.to_string_lossy()));
        if merge::driver(&self.root).as_deref() == Some(&*driver) {
            return Ok(false);
        }
        merge::register(&self.root, &driver).map_err(driver_failure)?;
        Ok(true)
    }

    /// Removes the merge driver from this clone; whether there was one.
    ///
    /// # Errors
    /// What Git says.
    pub fn unregister_driver(&self) -> Result<bool, Failure> {
        merge::unregister(&self.root).map_err(driver_failure)
    }

    /// Whether this clone has the merge driver, and whether `.gitattributes` names it for one of the documents.
    pub fn driver(&self, documents: &[String]) -> (bool, bool) {
        let is_named = documents.iter().take(NAMED).any(|path| merge::is_named(&self.root, path));
        (merge::driver(&self.root).is_some(), is_named)
    }

    /// Takes hooks away, and puts back what stood there before.
    ///
    /// # Errors
    /// Where one of them cannot be taken away.
    pub fn uninstall(&self) -> Result<Vec<(Hook, InstallResult)>, Failure> {
        Hook::ALL.iter().map(|hook| Ok((*hook, self.uninstall_one(*hook)?))).collect()
    }

    fn uninstall_one(&self, hook: Hook) -> Result<InstallResult, Failure> {
        let file = self.file(hook);
        match self.state(hook) {
            // Somebody took the shim away, and the hook that it ran first is still kept.
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
    Failure::usage(format!("git does not take the merge driver: {why}"))
}

/// Where the hook that stood there before is kept.
fn backup_path(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_os_string();
    name.push(".before-phx");
    file.with_file_name(name)
}

fn changed_failure(file: &Path) -> Failure {
    let shown = file.display();
    Failure::usage(format!("somebody changed the hook `{shown}`; phx leaves it as it is"))
        .hint(format!("keep what you need of it, then `rm {}` and run this again", shell::quoted(&shown.to_string())))
}

fn io_failure(file: &Path, error: &std::io::Error) -> Failure {
    Failure::internal(format!("the hook `{}` cannot be written: {}", file.display(), error.to_string().to_lowercase()))
}
