//! What items depend on, as their authors write it: `Queue (✅ Complete), Login (in review)`.

use std::collections::HashMap;

use minijinja::{Error, Value};

use super::items::ItemValue;
use super::values;
use crate::text::{emoji, slug};

/// A dependency, and what waits for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Dependency {
    name: String,
    status: String,
    blocking: Vec<String>,
}

/// `items|dependencies`: everything that the items name in their field `dependencies`, each once, in the order in which
/// they come: `name`, `status` as it is written there, `blocking` (titles), `ready`.
pub fn read(items: &Value) -> Result<Value, Error> {
    let mut found = Found::default();
    for item in items.try_iter()? {
        let Some(item) = item.downcast_object_ref::<ItemValue>() else { continue };
        for entry in item.entries("dependencies") {
            for text in split(&entry) {
                if let Some(dependency) = one(text) {
                    found.add(dependency, item.title());
                }
            }
        }
    }
    let value = |dependency: Dependency| {
        Value::from_pairs([
            ("ready", Value::from(is_ready(&dependency.status))),
            ("name", Value::from(dependency.name)),
            ("status", Value::from(dependency.status)),
            ("blocking", Value::from_iter(dependency.blocking)),
        ])
    };
    Ok(found.all.into_iter().map(value).collect())
}

/// The dependencies in the order in which they come, and where each name stands.
#[derive(Default)]
struct Found {
    all: Vec<Dependency>,
    by_id: HashMap<String, usize>,
}

impl Found {
    /// Adds a dependency to the one of the same name; the first status that is written counts.
    fn add(&mut self, dependency: Dependency, title: &str) {
        let at = *self.by_id.entry(slug(&dependency.name)).or_insert_with(|| {
            self.all.push(Dependency { name: dependency.name, ..Dependency::default() });
            self.all.len() - 1
        });
        let known = &mut self.all[at];
        if known.status.is_empty() {
            known.status = dependency.status;
        }
        // An item names a dependency twice at most one after the other.
        if known.blocking.last().is_none_or(|last| last != title) {
            known.blocking.push(title.to_owned());
        }
    }
}

/// The parts between commas and semicolons that stand outside brackets.
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            ',' | ';' | '\n' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// Reads `Name (status)`, `Name ✅`, `✅ Name`; `None` where there is no name, or it says that there is no dependency.
fn one(text: &str) -> Option<Dependency> {
    let text = text.trim().trim_end_matches('.');
    let (text, status) = match text.strip_suffix(')').and_then(|rest| Some((rest, matching_open(rest)?))) {
        Some((rest, open)) if !rest[..open].trim().is_empty() => (&rest[..open], rest[open + 1..].trim()),
        _ => (text, ""),
    };
    let (leading, text) = emoji::split_leading(text.trim());
    let (text, trailing) = emoji::split_trailing(text);
    let icon = if leading.is_empty() { trailing } else { leading };
    let name = values::plain(text);
    let none = ["none", "n/a", "na", "nothing", "no", "tbd", "no dependencies", "-", "–", "—"];
    if name.is_empty() || none.iter().any(|none| name.eq_ignore_ascii_case(none)) {
        return None;
    }
    let status = if status.is_empty() { icon } else { status };
    Some(Dependency { name, status: status.to_owned(), blocking: Vec::new() })
}

/// The bracket that the one behind the end of a text closes.
fn matching_open(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices().rev() {
        match c {
            ')' => depth += 1,
            '(' if depth == 0 => return Some(at),
            '(' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Whether nothing waits any more: a check mark, or a word for being done that comes first.
fn is_ready(status: &str) -> bool {
    const DONE: &[&str] = &[
        "available",
        "complete",
        "completed",
        "delivered",
        "done",
        "finished",
        "implemented",
        "merged",
        "ready",
        "refactored",
        "released",
        "resolved",
        "shipped",
        "stable",
        "working",
    ];
    let (icon, words) = emoji::split_leading(status);
    if words.is_empty() {
        return status.starts_with(['✅', '✔', '☑']);
    }
    let first = words.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_lowercase();
    DONE.contains(&first.as_str()) || (icon.starts_with(['✅', '✔', '☑']) && !["not", "in"].contains(&first.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, String, bool)> {
        let found = split(text).into_iter().filter_map(one);
        found.map(|found| (found.name, found.status.clone(), is_ready(&found.status))).collect()
    }

    fn row(name: &str, status: &str, ready: bool) -> (String, String, bool) {
        (name.to_owned(), status.to_owned(), ready)
    }

    #[test]
    fn dependencies_are_read_as_people_write_them() {
        assert_eq!(read("Queue (✅ Complete)"), [row("Queue", "✅ Complete", true)]);
        assert_eq!(read("Test suite completion"), [row("Test suite completion", "", false)]);
        assert_eq!(
            read("Login (v2) (in review), ✅ Queue; Store (not ready, see #4)"),
            [row("Login (v2)", "in review", false), row("Queue", "✅", true), row("Store", "not ready, see #4", false)]
        );
        for none in ["None", "N/A", "-", "none.", ""] {
            assert_eq!(read(none), [], "{none}");
        }
    }
}
