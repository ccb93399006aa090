//! What the history says of a document's sources.

use chrono::{DateTime, SecondsFormat};
use minijinja::Value;

/// The commit that last changed something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastChange {
    /// Its id.
    pub commit: String,
    /// When it was made (RFC 3339, UTC).
    pub at: String,
    /// Who made it.
    pub author: String,
}

/// The fact `git`: `last_change` with `commit`, `at`, `author`.
pub fn value(last_change: LastChange) -> Value {
    let LastChange { commit, at, author } = last_change;
    let change = Value::from_pairs([("commit", commit), ("at", at), ("author", author)]);
    Value::from_pairs([("last_change", change)])
}

/// Reads what `git log -1 --format=%H%x00%cI%x00%an` prints; `None` where no commit touches the sources.
pub fn read(bytes: &[u8]) -> Option<LastChange> {
    let text = String::from_utf8_lossy(bytes);
    let mut parts = text.trim_end_matches('\n').split('\0').map(str::to_owned);
    let commit = parts.next().filter(|commit| !commit.is_empty())?;
    let at = DateTime::parse_from_rfc3339(&parts.next()?).ok()?.to_utc();
    let at = at.to_rfc3339_opts(SecondsFormat::Secs, true);
    Some(LastChange { commit, at, author: parts.next()? })
}
