//! Commits and what they say.

use std::path::Path;

use chrono::{DateTime, Utc};

use super::{command, run};

/// A commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its id.
    pub id: String,
    /// The ids of its parents.
    pub parents: Vec<String>,
    /// Who wrote it, as `name <address>`.
    pub author: String,
    /// When it was made (the committer's date).
    pub at: DateTime<Utc>,
    /// Its message.
    pub message: String,
}

impl Commit {
    /// The first line of its message.
    pub fn subject(&self) -> &str {
        self.message.lines().next().unwrap_or_default()
    }

    /// The first characters of its id, as people write it.
    pub fn short(&self) -> &str {
        self.id.get(..10).unwrap_or(&self.id)
    }
}

/// Fields of a commit, each ended by NUL, which no commit contains: id, parents, author, committer's seconds, message.
const FORMAT: &str = "--format=%H%x00%P%x00%an <%ae>%x00%ct%x00%B";
const FIELDS: usize = 5;

/// The commits that `git log` selects by the arguments, in its order.
///
/// # Errors
/// Git fails, or a commit cannot be read: no commit is left out.
pub fn commits(root: &Path, arguments: &[&str]) -> Result<Vec<Commit>, String> {
    let mut log = log(root);
    log.args(arguments);
    read_all(&run(log)?)
}

/// The commits that changed a file, under whatever names it had, oldest first, each with the name that it had then.
///
/// # Errors
/// As for [`commits`].
pub fn follow_history(root: &Path, path: &str) -> Result<Vec<(Commit, String)>, String> {
    let mut names = command(root, &["--literal-pathspecs", "log", "-z", "--follow", "--name-only"]);
    names.args(["--no-show-signature", "--no-color", "--format=%H", "--", path]);
    let printed = run(names)?;
    let mut found: Vec<(String, String)> = Vec::new();
    let mut id = String::new();
    // An id, then a line feed and the name; a merge has no name.
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
        return Err(format!("git printed {} commits of {}", commits.len(), found.len()));
    }
    Ok(commits.into_iter().zip(found.into_iter().rev().map(|(_, name)| name)).collect())
}

fn log(root: &Path) -> std::process::Command {
    command(root, &["log", "-z", "--no-show-signature", "--no-color", FORMAT])
}

fn read_all(printed: &[u8]) -> Result<Vec<Commit>, String> {
    let Some(printed) = printed.strip_suffix(b"\0") else {
        return if printed.is_empty() { Ok(Vec::new()) } else { Err("git printed half a commit".to_owned()) };
    };
    let fields: Vec<_> = printed.split(|byte| *byte == 0).map(String::from_utf8_lossy).collect();
    let entries = fields.chunks_exact(FIELDS);
    if !entries.remainder().is_empty() {
        return Err("git printed a commit with a NUL byte".to_owned());
    }
    entries.map(read).collect()
}

fn read(fields: &[std::borrow::Cow<'_, str>]) -> Result<Commit, String> {
    let [id, parents, author, at, message] = fields else {
        return Err("git printed half a commit".to_owned());
    };
    let is_id = id.len() >= 40 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let at = at.parse().ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    let (true, Some(at)) = (is_id, at) else {
        return Err(format!("the commit `{id}` has no date that can be read"));
    };
    Ok(Commit {
        id: id.to_string(),
        parents: parents.split_whitespace().map(str::to_owned).collect(),
        author: author.to_string(),
        at,
        message: message.to_string(),
    })
}

/// Whether the folder is in a repository that has a commit.
pub fn has_commits(root: &Path) -> bool {
    run(command(root, &["rev-parse", "--quiet", "--verify", "HEAD"])).is_ok()
}

/// The id of the tree without files, in whatever form the repository has its ids.
///
/// # Errors
/// What git says.
pub fn empty_tree(root: &Path) -> Result<String, String> {
    let printed = super::run_with_stdin(command(root, &["hash-object", "-t", "tree", "--stdin"]), b"")?;
    Ok(String::from_utf8_lossy(&printed).trim().to_owned())
}

/// Whether history ends before its beginning: a shallow clone.
pub fn is_shallow(root: &Path) -> bool {
    run(command(root, &["rev-parse", "--is-shallow-repository"])).is_ok_and(|said| said.starts_with(b"true"))
}

/// Who works here, as git names people.
pub fn actor(root: &Path) -> Option<String> {
    let said = run(command(root, &["var", "GIT_AUTHOR_IDENT"])).ok()?;
    let said = String::from_utf8_lossy(&said).into_owned();
    let (who, _) = said.rsplit_once('>')?;
    Some(format!("{who}>"))
}

/// The commit that brought a text into a file, the first of them.
pub fn introducing_commit(root: &Path, path: &str, text: &str) -> Option<String> {
    let search = format!("-S{text}");
    let literal = format!(":(literal){path}");
    let printed = run(command(root, &["log", "--no-textconv", "--format=%H", &search, "HEAD", "--", &literal])).ok()?;
    String::from_utf8_lossy(&printed).lines().last().map(str::to_owned)
}
