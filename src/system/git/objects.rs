//! What git holds: the entries of the index or of a revision, what changed, and the bytes of blobs.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use super::{command, run};

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
    let printed = run(command(root, &["ls-files", "--stage", "-z", "--full-name"]))?;
    let entries = printed.split(|byte| *byte == 0).filter_map(|line| {
        let (head, path) = halves(line)?;
        let mut parts = head.split(' ');
        let object = Object { mode: parts.next()?.to_owned(), id: parts.next()?.to_owned() };
        (parts.next()? == "0").then_some((path, object))
    });
    Ok(entries.collect())
}

/// The entries of a revision's tree.
///
/// # Errors
/// What git says.
pub fn tree(root: &Path, revision: &str) -> Result<Listing, String> {
    let commit = commit(root, revision)?;
    let printed = run(command(root, &["ls-tree", "-r", "-z", "--full-tree", &commit]))?;
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

/// The paths that are staged and not deleted.
///
/// # Errors
/// What git says.
pub fn staged(root: &Path) -> Result<Vec<String>, String> {
    let arguments = ["diff", "--cached", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--diff-filter=d"];
    Ok(names(&run(command(root, &arguments))?))
}

/// The paths that differ from the merge base of a revision and the last commit, in the worktree, with those that git does
/// not know yet.
///
/// # Errors
/// What git says.
pub fn since(root: &Path, revision: &str) -> Result<Vec<String>, String> {
    let from = commit(root, revision)?;
    let base = run(command(root, &["merge-base", &from, "HEAD"]))
        .map_err(|_| format!("`{revision}` and the last commit have no common ancestor here"))?;
    let base = String::from_utf8_lossy(&base).trim().to_owned();
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

/// One `git cat-file --batch`, asked blob after blob.
#[derive(Debug)]
pub struct Blobs {
    child: Child,
    asks: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Blobs {
    /// Starts it.
    ///
    /// # Errors
    /// What the system says.
    pub fn start(root: &Path) -> Result<Self, String> {
        let mut batch = command(root, &["cat-file", "--batch"]);
        batch.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = batch.spawn().map_err(|error| format!("git cannot be started: {error}"))?;
        let asks = child.stdin.take();
        let answers = child.stdout.take().ok_or("git prints nothing")?;
        Ok(Self { child, asks, answers: BufReader::new(answers) })
    }

    /// The bytes of a blob, at most `most` of them and one more; `None` where git has no such object.
    ///
    /// # Errors
    /// What went wrong between phx and git.
    pub fn read(&mut self, id: &str, most: usize) -> Result<Option<Vec<u8>>, String> {
        let failed = |error: std::io::Error| format!("git cannot be asked: {error}");
        // A name with a line end would be two questions.
        if id.contains('\n') {
            return Ok(None);
        }
        let asks = self.asks.as_mut().ok_or("git is gone")?;
        writeln!(asks, "{id}").and_then(|()| asks.flush()).map_err(failed)?;
        let mut head = String::new();
        self.answers.read_line(&mut head).map_err(failed)?;
        let Some(size) = head.trim_end().rsplit(' ').next().and_then(|size| size.parse::<u64>().ok()) else {
            return Ok(None);
        };
        let kept = size.min(most as u64 + 1);
        let mut bytes = Vec::new();
        (&mut self.answers).take(kept).read_to_end(&mut bytes).map_err(failed)?;
        std::io::copy(&mut (&mut self.answers).take(size - kept + 1), &mut std::io::sink()).map_err(failed)?;
        Ok(Some(bytes))
    }
}

impl Drop for Blobs {
    fn drop(&mut self) {
        // Without anything to ask, git ends.
        drop(self.asks.take());
        let _ = self.child.wait();
    }
}
