//! Locates the directories of a repository and detects operations in progress, mostly without running Git.

use std::path::{Path, PathBuf};

/// Paths of a repository's Git files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitDirs {
    /// Git directory of this worktree, with `HEAD` and the index.
    pub own: PathBuf,
    /// Git directory that all worktrees share.
    pub common: PathBuf,
    /// Index file in use: `GIT_INDEX_FILE` if it is set.
    pub index: PathBuf,
}

/// Kind of the index file in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexKind {
    /// Index of the worktree.
    Own,
    /// Next index of the worktree, `index.lock`, as in `git commit -a`.
    Next,
    /// Temporary index of one commit, in addition to `index.lock`, as in `git commit -- PATH`.
    Partial,
    /// Any other file that `GIT_INDEX_FILE` names.
    Foreign,
}

/// Returns the worktree root that the environment names, as Git does: `GIT_WORK_TREE`, or else the working directory,
/// if `GIT_DIR` is set.
pub fn named_root(cwd: &Path) -> Option<PathBuf> {
    std::env::var_os("GIT_DIR").filter(|named| !named.is_empty())?;
    let named = std::env::var_os("GIT_WORK_TREE").filter(|named| !named.is_empty());
    let root = named.map_or_else(|| cwd.to_path_buf(), |named| cwd.join(named));
    std::fs::canonicalize(&root).ok().or(Some(root))
}

/// Returns the root of the worktree that contains a directory.
pub fn worktree(cwd: &Path) -> Option<PathBuf> {
    let enclosing = || cwd.ancestors().find(|folder| std::fs::symlink_metadata(folder.join(".git")).is_ok());
    named_root(cwd).or_else(|| enclosing().map(Path::to_path_buf))
}

/// Returns the worktree that `core.worktree` sets, if it differs from `root` and `GIT_DIR` is not set.
pub fn configured_worktree(root: &Path) -> Option<PathBuf> {
    let configuration = std::fs::read(root.join(".git/config")).ok()?.to_ascii_lowercase();
    memchr::memmem::find(&configuration, b"worktree").filter(|_| named_root(root).is_none())?;
    let printed = super::run(super::command(root, &["rev-parse", "--show-toplevel"])).ok()?;
    let named = PathBuf::from(String::from_utf8_lossy(&printed).trim_end_matches('\n'));
    (std::fs::canonicalize(&named).ok() != std::fs::canonicalize(root).ok()).then_some(named)
}

/// Returns the root of the worktree that contains a directory, or the directory of a bare repository.
pub fn repository(cwd: &Path) -> Option<PathBuf> {
    worktree(cwd).or_else(|| super::objects::bare(cwd))
}

/// Returns the version of Git, such as `2.47.3`.
pub fn version() -> Result<String, String> {
    let printed = super::run(super::command(Path::new("."), &["--version"]))?;
    let output = String::from_utf8_lossy(&printed);
    Ok(output.split_whitespace().nth(2).unwrap_or_default().to_owned())
}

/// Returns the directory of the Git hooks, with `core.hooksPath` applied.
pub fn hooks(root: &Path) -> Result<PathBuf, String> {
    let printed = super::run(super::command(root, &["rev-parse", "--git-path", "hooks"]))?;
    let named = String::from_utf8_lossy(&printed).trim_end_matches(['\n', '\r']).to_owned();
    Ok(root.join(named))
}

/// Returns whether Git ignores a file.
pub fn is_ignored(root: &Path, file: &Path) -> bool {
    let file = file.to_string_lossy();
    super::run(super::command(root, &["check-ignore", "--quiet", "--", &file])).is_ok()
}

/// Adds a file to `info/exclude`, so that Git ignores it in this clone only. Errors are ignored: then Git lists the
/// file as untracked.
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
    /// Locates the Git files of the repository with the worktree root `root`.
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

    /// Classifies the index file in use by its path.
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

    /// Returns the operation in progress, if any: `rebase`, `cherry-pick` or `revert`.
    pub fn replaying(&self) -> Option<&'static str> {
        let known = [
            ("rebase-merge", "rebase"),
            ("rebase-apply", "rebase"),
            ("CHERRY_PICK_HEAD", "cherry-pick"),
            ("REVERT_HEAD", "revert"),
        ];
        known.iter().find(|(name, _)| self.own.join(name).exists()).map(|(_, what)| *what)
    }

    /// Returns the ids of the commits that are being merged, from `MERGE_HEAD` or, in hooks of `git merge`, from the
    /// variables `GITHEAD_*`.
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

/// Resolves `.git`, which is a directory or a file that names one.
fn own(root: &Path) -> Option<PathBuf> {
    let dot = root.join(".git");
    if dot.is_dir() {
        return Some(dot);
    }
    if let Ok(text) = std::fs::read_to_string(&dot) {
        return text.strip_prefix("gitdir:").map(|named| root.join(named.trim()));
    }
    // A bare repository is its own Git directory.
    root.join("objects").is_dir().then(|| root.to_path_buf())
}
