//! The state of every governed document: a line each, what is due first on top.

use std::borrow::Cow;
use std::fmt::Write;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{Color, rfc3339};
use crate::text::{Folder, duration, printable};

/// One document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusLine {
    /// Its path from the root.
    pub path: String,
    /// Its kind.
    pub kind: String,
    /// When it was last updated, as far as that can be read.
    pub updated: Option<DateTime<Utc>>,
    /// By when it must be updated again, as far as that can be read.
    pub due: Option<DateTime<Utc>>,
    /// How its deadline stands.
    pub state: DeadlineState,
    /// Its AUTO blocks: the name of a state, and how many are in it, in the order of the states.
    pub blocks: Vec<(&'static str, usize)>,
}

/// How a deadline stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeadlineState {
    /// It has passed.
    Stale,
    /// It is near.
    DueSoon,
    /// It is far.
    Current,
    /// There is none that can be read.
    Unknown,
}

impl DeadlineState {
    /// As programs read it.
    pub fn name(self) -> &'static str {
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

/// Orders the lines: those without a deadline first, then by deadline, then by path.
pub fn sort(lines: &mut [StatusLine]) {
    lines.sort_by(|a, b| (a.due, &a.path).cmp(&(b.due, &b.path)));
}

/// For people.
pub fn text(lines: &[StatusLine], now: DateTime<Utc>, folder: &Folder, color: Color) -> String {
    let due: Vec<String> = lines.iter().map(|line| due(line, now)).collect();
    let age: Vec<String> = lines.iter().map(|line| age(line, now)).collect();
    let width = |texts: &mut dyn Iterator<Item = &str>| texts.map(|text| text.chars().count()).max().unwrap_or(0);
    let due_width = width(&mut due.iter().map(String::as_str));
    let age_width = width(&mut age.iter().map(String::as_str));
    let kinds: Vec<Cow<'_, str>> = lines.iter().map(|line| printable::line(&line.kind)).collect();
    let paths: Vec<Cow<'_, str>> =
        lines.iter().map(|line| printable::line(&folder.shown(&line.path)).into_owned().into()).collect();
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
        Some(due) if due < now => format!("due {} ago", duration::words(now - due)),
        Some(due) => format!("due in {}", duration::words(due - now)),
    }
}

fn age(line: &StatusLine, now: DateTime<Utc>) -> String {
    match line.updated {
        None => "never updated".to_owned(),
        Some(updated) if updated > now => "updated in the future".to_owned(),
        Some(updated) => format!("updated {} ago", duration::words(now - updated)),
    }
}

fn blocks(line: &StatusLine) -> String {
    let said: Vec<String> = line.blocks.iter().map(|(state, count)| format!("{count} {state}")).collect();
    said.join(", ")
}

/// One JSON object, version 1. Its shape is `schemas/status.schema.json`.
pub fn json(lines: &[StatusLine], now: DateTime<Utc>) -> String {
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
