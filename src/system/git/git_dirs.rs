//! Where git keeps its files, and what it is in the middle of: found without starting git.

use std::path::{Path, PathBuf};

/// Where git keeps its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitDirs {
    /// The folder of this worktree: `HEAD`, the index, what a commit is made of.
    pub own: PathBuf,
    /// The folder that all worktrees share.
    pub common: PathBuf,
    /// The index that git reads and writes now.
    pub index: PathBuf,
}

/// Which index a command works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexKind {
    /// The worktree's own.
    Own,
    /// The next one, finished under git's lock: `git commit -a`.
    Next,
    /// One for this commit alone, beside the next one: `git commit -- PATH`.
    Partial,
    /// Somebody's own.
    Foreign,
}

/// The root of the worktree that the environment names, as git reads it: `GIT_WORK_TREE`, else the working directory
/// where `GIT_DIR` is set.
pub fn named_root(cwd: &Path) -> Option<PathBuf> {
    std::env::var_os("GIT_DIR").filter(|named| !named.is_empty())?;
    let named = std::env::var_os("GIT_WORK_TREE").filter(|named| !named.is_empty());
    let root = named.map_or_else(|| cwd.to_path_buf(), |named| cwd.join(named));
    std::fs::canonicalize(&root).ok().or(Some(root))
}

/// The root of the worktree around a directory.
pub fn worktree(cwd: &Path) -> Option<PathBuf> {
    let around = || cwd.ancestors().find(|folder| std::fs::symlink_metadata(folder.join(".git")).is_ok());
    named_root(cwd).or_else(|| around().map(Path::to_path_buf))
}

/// Where the worktree is that a repository's configuration puts elsewhere (`core.worktree`), unless the environment says
/// where both are.
pub fn elsewhere(root: &Path) -> Option<PathBuf> {
    let configuration = std::fs::read(root.join(".git/config")).ok()?.to_ascii_lowercase();
    memchr::memmem::find(&configuration, b"worktree").filter(|_| named_root(root).is_none())?;
    let printed = super::run(super::command(root, &["rev-parse", "--show-toplevel"])).ok()?;
    let named = PathBuf::from(String::from_utf8_lossy(&printed).trim_end_matches('\n'));
    (std::fs::canonicalize(&named).ok() != std::fs::canonicalize(root).ok()).then_some(named)
}

/// The root of the worktree around a directory, or the folder of a bare repository.
pub fn repository(cwd: &Path) -> Option<PathBuf> {
    worktree(cwd).or_else(|| super::objects::bare(cwd))
}

/// The version that git says it is, as `2.47.3`.
///
/// # Errors
/// Why git cannot be started.
pub fn version() -> Result<String, String> {
    let printed = super::run(super::command(Path::new("."), &["--version"]))?;
    let said = String::from_utf8_lossy(&printed);
    Ok(said.split_whitespace().nth(2).unwrap_or_default().to_owned())
}

/// The folder in which git looks for hooks.
///
/// # Errors
/// What git says.
pub fn hooks(root: &Path) -> Result<PathBuf, String> {
    let printed = super::run(super::command(root, &["rev-parse", "--git-path", "hooks"]))?;
    let named = String::from_utf8_lossy(&printed).trim_end_matches(['\n', '\r']).to_owned();
    Ok(root.join(named))
}

/// Whether git ignores a file.
pub fn is_ignored(root: &Path, file: &Path) -> bool {
    let file = file.to_string_lossy();
    super::run(super::command(root, &["check-ignore", "--quiet", "--", &file])).is_ok()
}

/// Keeps a file out of what git sees in this clone, without a change that anybody else would get. Where that cannot be done, git
/// shows the file; nothing is lost.
pub fn exclude(root: &Path, file: &str) {
    if repository(root).is_none() || is_ignored(root, &root.join(file)) {
        return;
    }
    let Ok(printed) = super::run(super::command(root, &["rev-parse", "--git-path", "info/exclude"])) else { return };
    let Ok(prefix) = super::run(super::command(root, &["rev-parse", "--show-prefix"])) else { return };
    let list = root.join(String::from_utf8_lossy(&printed).trim_end_matches(['\n', '\r']));
    let mut text = std::fs::read_to_string(&list).unwrap_or_default();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    let line = format!("/{}{file}\n", String::from_utf8_lossy(&prefix).trim_end_matches(['\n', '\r']));
    let _ = crate::system::disk::replace(&list, (text + &line).as_bytes());
}

impl GitDirs {
    /// The place of the repository whose worktree starts at `root`.
    pub fn find(root: &Path) -> Option<Self> {
        let own = match std::env::var_os("GIT_DIR").filter(|named| !named.is_empty()) {
            Some(named) => std::env::current_dir().unwrap_or_default().join(named),
            None => own(root)?,
        };
        let common = match std::fs::read_to_string(own.join("commondir")) {
            Ok(named) => own.join(named.trim_end()),
            Err(_) => own.clone(),
        };
        let named = std::env::var_os("GIT_INDEX_FILE").filter(|named| !named.is_empty());
        let index = named.map_or_else(|| own.join("index"), |named| root.join(named));
        Some(Self { own, common, index })
    }

    /// Which index it is.
    pub fn index_kind(&self) -> IndexKind {
        let folder = |path: &Path| path.parent().and_then(|folder| std::fs::canonicalize(folder).ok());
        let name = self.index.file_name().unwrap_or_default().to_string_lossy();
        if folder(&self.index) != std::fs::canonicalize(&self.own).ok() {
            return IndexKind::Foreign;
        }
        match name.as_ref() {
            "index" => IndexKind::Own,
            "index.lock" => IndexKind::Next,
            name if name.starts_with("next-index-") => IndexKind::Partial,
            _ => IndexKind::Foreign,
        }
    }

    /// What git is in the middle of, as its user calls it: a rebase, a cherry-pick, a revert.
    pub fn replaying(&self) -> Option<&'static str> {
        let known = [
            ("rebase-merge", "rebase"),
            ("rebase-apply", "rebase"),
            ("CHERRY_PICK_HEAD", "cherry-pick"),
            ("REVERT_HEAD", "revert"),
        ];
        known.iter().find(|(name, _)| self.own.join(name).exists()).map(|(_, what)| *what)
    }

    /// The commits that are being merged: as `MERGE_HEAD` names them, or `git merge` to its hooks.
    pub fn merged(&self) -> Vec<String> {
        if let Ok(heads) = std::fs::read_to_string(self.own.join("MERGE_HEAD")) {
            return heads.lines().map(str::to_owned).collect();
        }
        let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        let mut heads: Vec<String> =
            names.filter_map(|name| name.strip_prefix("GITHEAD_").map(str::to_owned)).collect();
        heads.sort();
        heads
    }
}

/// `.git`: a folder, or a file that names one.
fn own(root: &Path) -> Option<PathBuf> {
    let dot = root.join(".git");
    if dot.is_dir() {
        return Some(dot);
    }
    if let Ok(text) = std::fs::read_to_string(&dot) {
        return text.strip_prefix("gitdir:").map(|named| root.join(named.trim()));
    }
    // A bare repository is its own place.
    root.join("objects").is_dir().then(|| root.to_path_buf())
}
