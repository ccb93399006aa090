//! Lists entries of the index and of revisions, and the differences between them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{command, run, run_with_stdin};

/// Entry of the index or of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// File mode: `100644` and `100755` are files, `120000` symbolic links, `160000` submodules.
    pub mode: String,
    /// Object id, SHA-1 or SHA-256.
    pub id: String,
}

impl Object {
    /// Returns whether it is a regular file.
    pub fn is_file(&self) -> bool {
        self.mode.starts_with("100")
    }
}

/// Entries by path, relative to the root.
pub type Listing = BTreeMap<String, Object>;

/// Returns the entries of the index. Paths in conflict have none.
pub fn index(root: &Path) -> Result<Listing, String> {
    Ok(staged_entries(&run(command(root, &["ls-files", "--stage", "-z", "--full-name"]))?))
}

/// Returns the entries of paths in the given index file, each with its tag from `git ls-files -v`: `H` if it has no
/// flags.
pub fn index_entries_with_flags<'a>(
    root: &Path,
    index: &Path,
    paths: impl Iterator<Item = &'a str>,
) -> Result<BTreeMap<String, (char, Object)>, String> {
    let mut list = command(root, &["ls-files", "--stage", "-v", "-z", "--full-name", "--"]);
    list.env("GIT_INDEX_FILE", index).args(paths.map(|path| format!(":(literal){path}")));
    let printed = run(list)?;
    let entries = printed.split(|byte| *byte == 0).filter_map(|line| {
        let (head, path) = split_at_tab(line)?;
        let mut parts = head.split(' ');
        let flag = parts.next()?.chars().next()?;
        Some((path, (flag, Object { mode: parts.next()?.to_owned(), id: parts.next()?.to_owned() })))
    });
    Ok(entries.collect())
}

/// Parses the output of `git ls-files --stage -z`.
fn staged_entries(printed: &[u8]) -> Listing {
    let entries = printed.split(|byte| *byte == 0).filter_map(|line| {
        let (head, path) = split_at_tab(line)?;
        let mut parts = head.split(' ');
        let object = Object { mode: parts.next()?.to_owned(), id: parts.next()?.to_owned() };
        (parts.next()? == "0").then_some((path, object))
    });
    entries.collect()
}

/// Returns the entries of a revision's tree.
pub fn tree(root: &Path, revision: &str) -> Result<Listing, String> {
    entries(root, &commit(root, revision)?)
}

/// Returns the entries of a tree, by its id or the id of a commit.
pub fn entries(root: &Path, tree: &str) -> Result<Listing, String> {
    let printed = run(command(root, &["ls-tree", "-r", "-z", "--full-tree", tree]))?;
    let entries = printed.split(|byte| *byte == 0).filter_map(|line| {
        let (head, path) = split_at_tab(line)?;
        let mut parts = head.split(' ');
        let (mode, _) = (parts.next()?.to_owned(), parts.next()?);
        Some((path, Object { mode, id: parts.next()?.to_owned() }))
    });
    Ok(entries.collect())
}

/// Resolves a revision to the id of its commit.
pub fn commit(root: &Path, revision: &str) -> Result<String, String> {
    let named = format!("{revision}^{{commit}}");
    let arguments = ["rev-parse", "--verify", "--quiet", "--end-of-options", &named];
    let printed = run(command(root, &arguments)).map_err(|_| format!("unknown revision `{revision}`"))?;
    Ok(String::from_utf8_lossy(&printed).trim().to_owned())
}

/// Path whose entry differs between two states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Path relative to the root.
    pub path: String,
    /// Entry before the change.
    pub old: Option<Object>,
    /// Entry after the change.
    pub new: Option<Object>,
}

/// Diffs the index with the last commit, sorted by path. Paths in conflict are left out.
pub fn staged(root: &Path) -> Result<Vec<Change>, String> {
    let mut diff = command(root, &["diff", "--cached"]);
    diff.args(RAW);
    Ok(changes(&run(diff)?))
}

/// Diffs the index with a tree, sorted by path. Paths in conflict are left out.
pub fn staged_against(root: &Path, tree: &str) -> Result<Vec<Change>, String> {
    let mut diff = command(root, &["diff-index", "--cached"]);
    diff.args(RAW).args([tree, "--"]);
    Ok(changes(&run(diff)?))
}

/// Diffs two trees, sorted by path.
pub fn between(root: &Path, old: &str, new: &str) -> Result<Vec<Change>, String> {
    let mut diff = command(root, &["diff-tree", "-r"]);
    diff.args(RAW).args([old, new, "--"]);
    Ok(changes(&run(diff)?))
}

/// Options that override the user's configuration: paths relative to the root, full ids, no renames.
const RAW: &[&str] =
    &["--raw", "-z", "--no-abbrev", "--no-renames", "--no-relative", "--no-ext-diff", "--ignore-submodules=dirty"];

/// Parses the output of `--raw -z`: `:MODE MODE ID ID STATUS NUL PATH NUL`.
fn changes(printed: &[u8]) -> Vec<Change> {
    let mut parts = printed.split(|byte| *byte == 0).map(String::from_utf8_lossy);
    let mut changes = Vec::new();
    while let (Some(head), Some(path)) = (parts.next(), parts.next()) {
        let words: Vec<&str> = head.trim_start_matches(':').split(' ').collect();
        let [old_mode, new_mode, old, new, status] = words.as_slice() else { continue };
        let object =
            |mode: &str, id: &str| (mode != "000000").then(|| Object { mode: mode.to_owned(), id: id.to_owned() });
        if *status != "U" {
            changes.push(Change { path: path.into_owned(), old: object(old_mode, old), new: object(new_mode, new) });
        }
    }
    changes.sort_by(|a, b| a.path.cmp(&b.path));
    changes.dedup_by(|a, b| a.path == b.path);
    changes
}

/// Returns whether `commit` equals `of` or is one of its ancestors.
pub fn is_ancestor(root: &Path, commit: &str, of: &str) -> bool {
    run(command(root, &["merge-base", "--is-ancestor", commit, of])).is_ok()
}

/// Returns the merge base of a revision and `HEAD`.
pub fn merge_base(root: &Path, revision: &str) -> Result<String, String> {
    let from = commit(root, revision)?;
    let base = run(command(root, &["merge-base", &from, "HEAD"]))
        .map_err(|_| format!("`{revision}` and `HEAD` have no common ancestor in this clone"))?;
    Ok(String::from_utf8_lossy(&base).trim().to_owned())
}

/// Diffs the worktree with a commit and adds the untracked files. The id of a worktree file that Git
/// has not stored consists of zeros.
pub fn changed_since(root: &Path, commit: &str) -> Result<Vec<Change>, String> {
    let mut diff = command(root, &["diff"]);
    diff.args(RAW).args([commit, "--"]);
    let mut found = changes(&run(diff)?);
    let unknown = names(&run(command(root, &["ls-files", "--others", "--exclude-standard", "-z", "--full-name"]))?);
    let file = || Some(Object { mode: "100644".to_owned(), id: "0".repeat(40) });
    found.extend(unknown.into_iter().map(|path| Change { path, old: None, new: file() }));
    Ok(found)
}

/// Returns the paths in the worktree that differ from the merge base of a revision and `HEAD`, and the untracked files.
/// Deleted files are left out.
pub fn since(root: &Path, revision: &str) -> Result<Vec<String>, String> {
    let base = merge_base(root, revision)?;
    let arguments = ["diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--diff-filter=d", &base, "--"];
    let mut changed = names(&run(command(root, &arguments))?);
    changed.extend(names(&run(command(root, &["ls-files", "--others", "--exclude-standard", "-z", "--full-name"]))?));
    Ok(changed)
}

/// Returns the directory of the bare repository that contains a directory, or `None` if the repository is not bare.
pub fn bare(cwd: &Path) -> Option<PathBuf> {
    let printed = run(command(cwd, &["rev-parse", "--is-bare-repository", "--absolute-git-dir"])).ok()?;
    let printed = String::from_utf8_lossy(&printed).into_owned();
    let (bare, folder) = printed.trim().split_once('\n')?;
    (bare == "true").then(|| PathBuf::from(folder))
}

fn split_at_tab(line: &[u8]) -> Option<(String, String)> {
    let tab = memchr::memchr(b'\t', line)?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Some((text(&line[..tab]), text(&line[tab + 1..])))
}

fn names(printed: &[u8]) -> Vec<String> {
    let names = printed.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    names.map(|name| String::from_utf8_lossy(name).into_owned()).collect()
}

/// Returns the entries of the index that the globs match. Paths in conflict have none.
pub fn matching(root: &Path, globs: &[String]) -> Result<Listing, String> {
    let mut list = command(root, &["ls-files", "--stage", "-z", "--full-name", "--"]);
    list.args(globs.iter().map(|glob| format!(":(glob){glob}")));
    Ok(staged_entries(&run(list)?))
}

/// Returns the files that the globs match and that are changed or deleted in the worktree, relative to the index.
pub fn unstaged(root: &Path, globs: &[String]) -> Result<Vec<String>, String> {
    let states = ["--modified", "--deleted"];
    let mut list = command(root, &["ls-files", "-z", "--full-name"]);
    list.args(states).arg("--").args(globs.iter().map(|glob| format!(":(glob){glob}")));
    let mut paths = names(&run(list)?);
    paths.sort();
    paths.dedup();
    Ok(paths)
}

/// Computes the object ids of worktree files. Paths with a line feed are skipped.
pub fn hashes(root: &Path, paths: &[&String]) -> Result<Vec<(String, Object)>, String> {
    let single_line: Vec<&String> = paths.iter().copied().filter(|path| !path.contains('\n')).collect();
    if single_line.is_empty() {
        return Ok(Vec::new());
    }
    let input = single_line.iter().fold(String::new(), |all, path| all + path + "\n");
    let printed = run_with_stdin(command(root, &["hash-object", "--stdin-paths"]), input.as_bytes())?;
    let printed = String::from_utf8_lossy(&printed);
    let object = |id: &str| Object { mode: "100644".to_owned(), id: id.to_owned() };
    Ok(single_line.into_iter().cloned().zip(printed.lines().map(object)).collect())
}

/// Returns the files that the globs match and that differ between `commit` and `revision`, or else the index if `index`
/// is set, or else the worktree.
pub fn changed_files(
    root: &Path,
    commit: &str,
    revision: Option<&str>,
    index: bool,
    globs: &[String],
) -> Result<Vec<String>, String> {
    let mut diff = command(root, &["diff", "--name-only", "-z", "--no-renames", "--no-relative", "--no-ext-diff"]);
    match revision {
        Some(revision) => diff.args([commit, revision]),
        None if index => diff.args(["--cached", commit]),
        None => diff.arg(commit),
    };
    diff.arg("--").args(globs.iter().map(|glob| format!(":(glob){glob}")));
    Ok(names(&run(diff)?))
}
