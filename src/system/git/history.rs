//! Reads commits and their metadata.

use std::path::Path;

use chrono::{DateTime, Utc};

use super::{command, run};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    pub id: String,
    /// Ids of the parents.
    pub parents: Vec<String>,
    /// Author as `name <address>`.
    pub author: String,
    /// Committer date.
    pub at: DateTime<Utc>,
    pub message: String,
}

impl Commit {
    /// Returns the first line of the message.
    pub fn subject(&self) -> &str {
        self.message.lines().next().unwrap_or_default()
    }

    /// Returns the first 10 characters of the id.
    pub fn short(&self) -> &str {
        self.id.get(..10).unwrap_or(&self.id)
    }
}

/// Format of a commit for `git log -z`: id, parents, author, committer date in seconds, message. Each field ends with
/// NUL, which no commit contains.
const FORMAT: &str = "--format=%H%x00%P%x00%an <%ae>%x00%ct%x00%B";
const FIELDS: usize = 5;

/// Returns the commits that `git log` selects by the arguments, in its order.
///
/// # Errors
/// Returns an error if Git fails or a commit cannot be parsed, so that no commit is missing.
pub fn commits(root: &Path, arguments: &[&str]) -> Result<Vec<Commit>, String> {
    let mut log = log(root);
    log.args(arguments);
    read_all(&run(log)?)
}

/// Returns the commits that changed a file, oldest first, each with the path of the file in that commit. Renames are
/// followed.
///
/// # Errors
/// Returns an error under the same conditions as [`commits`].
pub fn follow_history(root: &Path, path: &str) -> Result<Vec<(Commit, String)>, String> {
    let mut names = command(root, &["--literal-pathspecs", "log", "-z", "--follow", "--name-only"]);
    names.args(["--no-show-signature", "--no-color", "--format=%H", "--", path]);
    let printed = run(names)?;
    let mut found: Vec<(String, String)> = Vec::new();
    let mut id = String::new();
    // Each entry is an id, or a line feed and a path. A merge has no path.
    for entry in printed.split(|byte| *byte == 0) {
        let entry = String::from_utf8_lossy(entry);
        match entry.strip_prefix('\n') {
            Some(name) => found.push((std::mem::take(&mut id), name.to_owned())),
            None => id = entry.into_owned(),
        }
    }
    let mut log = log(root);
    log.args(["--no-walk=unsorted", "--stdin"]);
    let ids: Vec<&str> = found.iter().rev().map(|(id, _)| id.as_str()).collect();
    let ids = ids.join("\n");
    let commits = if found.is_empty() { Vec::new() } else { read_all(&super::run_with_stdin(log, ids.as_bytes())?)? };
    if commits.len() != found.len() {
        return Err(format!("expected {} commits from `git log`, found {}", found.len(), commits.len()));
    }
    Ok(commits.into_iter().zip(found.into_iter().rev().map(|(_, name)| name)).collect())
}

fn log(root: &Path) -> std::process::Command {
    command(root, &["log", "-z", "--no-show-signature", "--no-color", FORMAT])
}

fn read_all(printed: &[u8]) -> Result<Vec<Commit>, String> {
    let Some(printed) = printed.strip_suffix(b"\0") else {
        return if printed.is_empty() {
            Ok(Vec::new())
        } else {
            Err("`git log` printed an incomplete commit".to_owned())
        };
    };
    let fields: Vec<_> = printed.split(|byte| *byte == 0).map(String::from_utf8_lossy).collect();
    let entries = fields.chunks_exact(FIELDS);
    if !entries.remainder().is_empty() {
        return Err("`git log` printed a commit with a NUL byte".to_owned());
    }
    entries.map(read).collect()
}

fn read(fields: &[std::borrow::Cow<'_, str>]) -> Result<Commit, String> {
    let [id, parents, author, at, message] = fields else {
        return Err("`git log` printed an incomplete commit".to_owned());
    };
    let is_id = id.len() >= 40 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let at = at.parse().ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    let (true, Some(at)) = (is_id, at) else {
        return Err(format!("commit `{id}` has no valid id or date"));
    };
    Ok(Commit {
        id: id.to_string(),
        parents: parents.split_whitespace().map(str::to_owned).collect(),
        author: author.to_string(),
        at,
        message: message.to_string(),
    })
}

/// Returns whether the repository has at least one commit.
pub fn has_commits(root: &Path) -> bool {
    run(command(root, &["rev-parse", "--quiet", "--verify", "HEAD"])).is_ok()
}

/// Returns the id of the empty tree, in the object format of the repository.
pub fn empty_tree(root: &Path) -> Result<String, String> {
    let printed = super::run_with_stdin(command(root, &["hash-object", "-t", "tree", "--stdin"]), b"")?;
    Ok(String::from_utf8_lossy(&printed).trim().to_owned())
}

/// Returns whether the repository is a shallow clone.
pub fn is_shallow(root: &Path) -> bool {
    run(command(root, &["rev-parse", "--is-shallow-repository"])).is_ok_and(|output| output.starts_with(b"true"))
}

/// Returns the user as `name <address>`, from the identity that Git would record as author.
pub fn actor(root: &Path) -> Option<String> {
    let identity = run(command(root, &["var", "GIT_AUTHOR_IDENT"])).ok()?;
    let identity = String::from_utf8_lossy(&identity).into_owned();
    let (name, _) = identity.rsplit_once('>')?;
    Some(format!("{name}>"))
}

/// Returns the id of the oldest commit that added or removed an occurrence of a text in a file.
pub fn introducing_commit(root: &Path, path: &str, text: &str) -> Option<String> {
    let search = format!("-S{text}");
    let literal = format!(":(literal){path}");
    let printed = run(command(root, &["log", "--no-textconv", "--format=%H", &search, "HEAD", "--", &literal])).ok()?;
    String::from_utf8_lossy(&printed).lines().last().map(str::to_owned)
}
