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

const FORMAT: &str = "--format=%H%x1f%P%x1f%an <%ae>%x1f%cI%x1f%B";

/// The commits that `git log` selects by the arguments, in its order.
///
/// # Errors
/// What git says.
pub fn commits(root: &Path, arguments: &[&str]) -> Result<Vec<Commit>, String> {
    let mut log = command(root, &["log", "-z", "--no-show-signature", "--no-color", FORMAT]);
    log.args(arguments);
    let printed = run(log)?;
    let entries = printed.split(|byte| *byte == 0).filter(|entry| !entry.is_empty());
    Ok(entries.filter_map(|entry| read(&String::from_utf8_lossy(entry))).collect())
}

/// The commits that changed a file, under whatever names it had, oldest first, each with the name that it had then.
///
/// # Errors
/// What git says.
pub fn story(root: &Path, path: &str) -> Result<Vec<(Commit, String)>, String> {
    let format = FORMAT.replace("--format=", "--format=%x1e");
    let mut log =
        command(root, &["-c", "core.quotePath=false", "--literal-pathspecs", "log", "--follow", "--name-only"]);
    log.args(["--no-show-signature", "--no-color", &format, "--", path]);
    let printed = run(log)?;
    let printed = String::from_utf8_lossy(&printed);
    let one = |entry: &str| {
        // The name stands alone on the last line, behind the message.
        let (said, name) = entry.trim_end().rsplit_once('\n')?;
        Some((read(said)?, name.to_owned()))
    };
    let mut found: Vec<(Commit, String)> = printed.split('\u{1e}').filter_map(one).collect();
    found.reverse();
    Ok(found)
}

fn read(entry: &str) -> Option<Commit> {
    let mut parts = entry.splitn(5, '\u{1f}');
    let (id, parents, author, at) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    Some(Commit {
        id: id.trim().to_owned(),
        parents: parents.split_whitespace().map(str::to_owned).collect(),
        author: author.to_owned(),
        at: DateTime::parse_from_rfc3339(at).ok()?.with_timezone(&Utc),
        message: parts.next()?.to_owned(),
    })
}

/// The id of the tree without files, in whatever form the repository has its ids.
///
/// # Errors
/// What git says.
pub fn empty_tree(root: &Path) -> Result<String, String> {
    let printed = super::feed(command(root, &["hash-object", "-t", "tree", "--stdin"]), b"")?;
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
pub fn brought(root: &Path, path: &str, text: &str) -> Option<String> {
    let search = format!("-S{text}");
    let literal = format!(":(literal){path}");
    let printed = run(command(root, &["log", "--format=%H", &search, "HEAD", "--", &literal])).ok()?;
    String::from_utf8_lossy(&printed).lines().last().map(str::to_owned)
}
