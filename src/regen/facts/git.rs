//! Fact `git`: the last change of the source files of a document.

use chrono::{DateTime, SecondsFormat};
use minijinja::Value;

/// Last commit that changed the source files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastChange {
    /// Object id.
    pub commit: String,
    /// Commit time (RFC 3339, UTC).
    pub at: String,
    /// Name of the author.
    pub author: String,
}

/// Creates the fact `git`: `last_change` with `commit`, `at` and `author`.
pub fn value(last_change: LastChange) -> Value {
    let LastChange { commit, at, author } = last_change;
    let change = Value::from_pairs([("commit", commit), ("at", at), ("author", author)]);
    Value::from_pairs([("last_change", change)])
}

/// Parses the output of `git log -1 --format=%H%x00%cI%x00%an`. Returns `None` if no commit changed the source files.
pub fn read(bytes: &[u8]) -> Option<LastChange> {
    let text = String::from_utf8_lossy(bytes);
    let mut parts = text.trim_end_matches('\n').split('\0').map(str::to_owned);
    let commit = parts.next().filter(|commit| !commit.is_empty())?;
    let at = DateTime::parse_from_rfc3339(&parts.next()?).ok()?.to_utc();
    let at = at.to_rfc3339_opts(SecondsFormat::Secs, true);
    Some(LastChange { commit, at, author: parts.next()? })
}
