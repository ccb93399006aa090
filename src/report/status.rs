//! Output of `phx status`: governed documents, earliest deadline first.

use std::borrow::Cow;
use std::fmt::Write;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{Color, rfc3339};
use crate::text::{Folder, duration, printable};

/// Status of one document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StatusLine {
    /// Path relative to the root.
    pub path: String,
    pub kind: String,
    /// `last_updated`, if it is present and valid.
    pub updated: Option<DateTime<Utc>>,
    /// `update_required_by`, if it is present and valid.
    pub due: Option<DateTime<Utc>>,
    pub state: DeadlineState,
    /// Number of AUTO blocks per state, in the order of states, without zeros.
    pub blocks: Vec<(&'static str, usize)>,
}

/// State of a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeadlineState {
    /// The deadline has passed.
    Stale,
    /// The deadline is within the warning period of the rule `review-due-soon`.
    DueSoon,
    Current,
    /// The deadline is missing or not valid.
    Unknown,
}

impl DeadlineState {
    /// Returns the name in JSON output.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Stale => "stale",
            Self::DueSoon => "due-soon",
            Self::Current => "current",
            Self::Unknown => "unknown",
        }
    }

    fn code(self) -> &'static str {
        match self {
            Self::Stale => "31",
            Self::DueSoon => "33",
            Self::Current => "32",
            Self::Unknown => "35",
        }
    }
}

/// Sorts by deadline, then by path. Documents without a deadline come first.
pub(crate) fn sort(lines: &mut [StatusLine]) {
    lines.sort_by(|a, b| (a.due, &a.path).cmp(&(b.due, &b.path)));
}

/// Renders an aligned table.
pub(crate) fn text(lines: &[StatusLine], now: DateTime<Utc>, folder: &Folder, color: Color) -> String {
    let due: Vec<String> = lines.iter().map(|line| due(line, now)).collect();
    let age: Vec<String> = lines.iter().map(|line| age(line, now)).collect();
    let width = |texts: &mut dyn Iterator<Item = &str>| texts.map(|text| text.chars().count()).max().unwrap_or(0);
    let due_width = width(&mut due.iter().map(String::as_str));
    let age_width = width(&mut age.iter().map(String::as_str));
    let kinds: Vec<Cow<'_, str>> = lines.iter().map(|line| printable::line(&line.kind)).collect();
    let paths: Vec<Cow<'_, str>> =
        lines.iter().map(|line| printable::line(&folder.display_path(&line.path)).into_owned().into()).collect();
    let kind_width = width(&mut kinds.iter().map(|kind| &**kind));
    let path_width = width(&mut paths.iter().map(|path| &**path));
    let mut out = String::new();
    for (((line, due), age), path) in lines.iter().zip(&due).zip(&age).zip(&paths) {
        let padded = format!("{due:due_width$}");
        let due = match color {
            Color::Ansi => format!("\u{1b}[{}m{padded}\u{1b}[0m", line.state.code()),
            Color::Plain => padded,
        };
        let row = format!(
            "{due}  {age:age_width$}  {path:path_width$}  {:kind_width$}  {}",
            printable::line(&line.kind),
            blocks(line)
        );
        let _ = writeln!(out, "{}", row.trim_end());
    }
    out
}

fn due(line: &StatusLine, now: DateTime<Utc>) -> String {
    match line.due {
        None => "no deadline".to_owned(),
        Some(due) if due < now => format!("due {} ago", duration::format_words(now - due)),
        Some(due) => format!("due in {}", duration::format_words(due - now)),
    }
}

fn age(line: &StatusLine, now: DateTime<Utc>) -> String {
    match line.updated {
        None => "last update unknown".to_owned(),
        Some(updated) if updated > now => "updated in the future".to_owned(),
        Some(updated) => format!("updated {} ago", duration::format_words(now - updated)),
    }
}

fn blocks(line: &StatusLine) -> String {
    let parts: Vec<String> = line.blocks.iter().map(|(state, count)| format!("{count} {state}")).collect();
    parts.join(", ")
}

/// Renders one JSON object, version 1 (`schemas/status.schema.json`).
pub(crate) fn json(lines: &[StatusLine], now: DateTime<Utc>) -> String {
    let documents: Vec<Value> = lines
        .iter()
        .map(|line| {
            let blocks = line.blocks.iter().map(|(state, count)| ((*state).to_owned(), json!(count)));
            json!({
                "path": line.path,
                "kind": line.kind,
                "last_updated": line.updated.map(rfc3339),
                "update_required_by": line.due.map(rfc3339),
                "state": line.state.name(),
                "blocks": blocks.collect::<serde_json::Map<_, _>>(),
            })
        })
        .collect();
    let value = json!({ "version": 1, "now": rfc3339(now), "documents": documents });
    super::json_text(&value)
}
