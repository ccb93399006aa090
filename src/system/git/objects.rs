//! What git holds: the entries of the index or of a revision, and what changed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{command, run, run_with_stdin};

/// An entry of the index or of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// What it is: `100644` and `100755` are files, `120000` links, `160000` submodules.
    pub mode: String,
    /// Its id, of whatever length the repository uses.
    pub id: String,
}

impl Object {
    /// Whether it is a file.
    pub fn is_file(&self) -> bool {
        self.mode.starts_with("100")
    }
}

/// Entries by path from the root.
pub type Listing = BTreeMap<String, Object>;

/// The entries of the index. A path in conflict has none.
///
/// # Errors
/// What git says.
pub fn index(root: &Path) -> Result<Listing, String> {
    Ok(staged_entries(&run(command(root, &["ls-files", "--stage", "-z", "--full-name"]))?))
}

/// The entries of some paths in an index that is named, each with the letter that git gives it: `H` for one without flags.
///
/// # Errors
/// What git says.
pub fn flagged<'a>(
    root: &Path,
    index: &Path,
    paths: impl Iterator<Item = &'a str>,
) -> Result<BTreeMap<String, (char, Object)>, String> {
    let mut list = command(root, &["ls-files", "--stage", "-v", "-z", "--full-name", "--"]);
    list.env("GIT_INDEX_FILE", index).args(paths.map(|path| format!(":(literal){path}")));
    let printed = run(list)?;
    let entries = printed.split(|byte| *byte == 0).filter_map(|line| {
        let (head, path) = halves(line)?;
        let mut parts = head.split(' ');
        let flag = parts.next()?.chars().next()?;
        Some((path, (flag, Object { mode: parts.next()?.to_owned(), id: parts.next()?.to_owned() })))
    });
    Ok(entries.collect())
}

/// Reads what `ls-files --stage -z` prints.
fn staged_entries(printed: &[u8]) -> Listing {
    let entries = printed.split(|byte| *byte == 0).filter_map(|line| {
        let (head, path) = halves(line)?;
        let mut parts = head.split(' ');
        let object = Object { mode: parts.next()?.to_owned(), id: parts.next()?.to_owned() };
        (parts.next()? == "0").then_some((path, object))
    });
    entries.collect()
}

/// The entries of a revision's tree.
///
/// # Errors
/// What git says.
pub fn tree(root: &Path, revision: &str) -> Result<Listing, String> {
    entries(root, &commit(root, revision)?)
}

/// The entries of a tree, by its id or that of its commit.
///
/// # Errors
/// What git says.
pub fn entries(root: &Path, tree: &str) -> Result<Listing, String> {
    let printed = run(command(root, &["ls-tree", "-r", "-z", "--full-tree", tree]))?;
    let entries = printed.split(|byte| *byte == 0).filter_map(|line| {
        let (head, path) = halves(line)?;
        let mut parts = head.split(' ');
        let (mode, _) = (parts.next()?.to_owned(), parts.next()?);
        Some((path, Object { mode, id: parts.next()?.to_owned() }))
    });
    Ok(entries.collect())
}

/// The id of the commit that a revision names.
///
/// # Errors
/// What git says.
pub fn commit(root: &Path, revision: &str) -> Result<String, String> {
    let named = format!("{revision}^{{commit}}");
    let arguments = ["rev-parse", "--verify", "--quiet", "--end-of-options", &named];
    let printed = run(command(root, &arguments)).map_err(|_| format!("there is no revision `{revision}`"))?;
    Ok(String::from_utf8_lossy(&printed).trim().to_owned())
}

/// A path that two states do not have alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The path from the root.
    pub path: String,
    /// What stood there.
    pub old: Option<Object>,
    /// What stands there now.
    pub new: Option<Object>,
}

/// How the index differs from the last commit, by path. A path in conflict is left out.
///
/// # Errors
/// What git says.
pub fn staged(root: &Path) -> Result<Vec<Change>, String> {
    let mut diff = command(root, &["diff", "--cached"]);
    diff.args(RAW);
    Ok(changes(&run(diff)?))
}

/// How the index differs from a tree that is named, by path.
///
/// # Errors
/// What git says.
pub fn staged_against(root: &Path, tree: &str) -> Result<Vec<Change>, String> {
    let mut diff = command(root, &["diff-index", "--cached"]);
    diff.args(RAW).args([tree, "--"]);
    Ok(changes(&run(diff)?))
}

/// How a tree differs from another, by path.
///
/// # Errors
/// What git says.
pub fn between(root: &Path, old: &str, new: &str) -> Result<Vec<Change>, String> {
    let mut diff = command(root, &["diff-tree", "-r"]);
    diff.args(RAW).args([old, new, "--"]);
    Ok(changes(&run(diff)?))
}

/// Whatever the user's configuration says: all paths from the root, whole ids, no renames.
const RAW: &[&str] =
    &["--raw", "-z", "--no-abbrev", "--no-renames", "--no-relative", "--no-ext-diff", "--ignore-submodules=dirty"];

/// Reads what `--raw -z` prints: `:MODE MODE ID ID STATUS NUL PATH NUL`.
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

/// Whether a commit is another one or one of those before it.
pub fn is_ancestor(root: &Path, commit: &str, of: &str) -> bool {
    run(command(root, &["merge-base", "--is-ancestor", commit, of])).is_ok()
}

/// The merge base of a revision and the last commit.
///
/// # Errors
/// What git says.
pub fn merge_base(root: &Path, revision: &str) -> Result<String, String> {
    let from = commit(root, revision)?;
    let base = run(command(root, &["merge-base", &from, "HEAD"]))
        .map_err(|_| format!("`{revision}` and the last commit have no common ancestor here"))?;
    Ok(String::from_utf8_lossy(&base).trim().to_owned())
}

/// How the worktree differs from a commit, with the files that git does not know yet. Files of the worktree have no ID.
///
/// # Errors
/// What git says.
pub fn changed_since(root: &Path, commit: &str) -> Result<Vec<Change>, String> {
    let mut diff = command(root, &["diff"]);
    diff.args(RAW).args([commit, "--"]);
    let mut found = changes(&run(diff)?);
    let unknown = names(&run(command(root, &["ls-files", "--others", "--exclude-standard", "-z", "--full-name"]))?);
    let file = || Some(Object { mode: "100644".to_owned(), id: "0".repeat(40) });
    found.extend(unknown.into_iter().map(|path| Change { path, old: None, new: file() }));
    Ok(found)
}

/// The paths that differ from the merge base of a revision and the last commit, in the worktree, with those that git does
/// not know yet.
///
/// # Errors
/// What git says.
pub fn since(root: &Path, revision: &str) -> Result<Vec<String>, String> {
    let base = merge_base(root, revision)?;
    let arguments = ["diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--diff-filter=d", &base, "--"];
    let mut changed = names(&run(command(root, &arguments))?);
    changed.extend(names(&run(command(root, &["ls-files", "--others", "--exclude-standard", "-z", "--full-name"]))?));
    Ok(changed)
}

/// The folder that git has its own files in, where there is no worktree.
pub fn bare(cwd: &Path) -> Option<PathBuf> {
    let printed = run(command(cwd, &["rev-parse", "--is-bare-repository", "--absolute-git-dir"])).ok()?;
    let printed = String::from_utf8_lossy(&printed).into_owned();
    let (bare, folder) = printed.trim().split_once('\n')?;
    (bare == "true").then(|| PathBuf::from(folder))
}

fn halves(line: &[u8]) -> Option<(String, String)> {
    let tab = memchr::memchr(b'\t', line)?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Some((text(&line[..tab]), text(&line[tab + 1..])))
}

fn names(printed: &[u8]) -> Vec<String> {
    let names = printed.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    names.map(|name| String::from_utf8_lossy(name).into_owned()).collect()
}

/// The entries of the index that globs match. A path in conflict has none.
///
/// # Errors
/// What git says.
pub fn matching(root: &Path, globs: &[String]) -> Result<Listing, String> {
    let mut list = command(root, &["ls-files", "--stage", "-z", "--full-name", "--"]);
    list.args(globs.iter().map(|glob| format!(":(glob){glob}")));
    Ok(staged_entries(&run(list)?))
}

/// The files that globs match and that differ from the index: changed or deleted.
///
/// # Errors
/// What git says.
pub fn unstaged(root: &Path, globs: &[String]) -> Result<Vec<String>, String> {
    let states = ["--modified", "--deleted"];
    let mut list = command(root, &["ls-files", "-z", "--full-name"]);
    list.args(states).arg("--").args(globs.iter().map(|glob| format!(":(glob){glob}")));
    let mut paths = names(&run(list)?);
    paths.sort();
    paths.dedup();
    Ok(paths)
}

/// The ids that files of the worktree would have in git.
///
/// # Errors
/// What git says.
pub fn hashes(root: &Path, paths: &[&String]) -> Result<Vec<(String, Object)>, String> {
    let asked: Vec<&String> = paths.iter().copied().filter(|path| !path.contains('\n')).collect();
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let input = asked.iter().fold(String::new(), |all, path| all + path + "\n");
    let printed = run_with_stdin(command(root, &["hash-object", "--stdin-paths"]), input.as_bytes())?;
    let printed = String::from_utf8_lossy(&printed);
    let object = |id: &str| Object { mode: "100644".to_owned(), id: id.to_owned() };
    Ok(asked.into_iter().cloned().zip(printed.lines().map(object)).collect())
}

/// The files that globs match and that differ between a commit and another, the index, or the worktree.
///
/// # Errors
/// What git says.
pub fn touched(
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
