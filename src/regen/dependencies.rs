//! Parses dependencies of items in free-form text: `Queue (✅ Complete), Login (in review)`.

use std::collections::HashMap;

use minijinja::{Error, Value};

use super::items::ItemValue;
use crate::document::items::FieldValue;
use crate::document::shape::ValueType;
use crate::document::{Document, Item, inline};
use crate::text::{emoji, slug};

/// Dependency, with the titles of the items that wait for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Dependency {
    name: String,
    status: String,
    ready: bool,
    blocking: Vec<String>,
}

/// `items|dependencies`: all dependencies in the field `dependencies` of the items, without duplicates and in order:
/// `name`, `status`, `blocking` (titles), `ready`. A dependency that names an item of the document gets the status of
/// that item.
pub fn read(items: &Value) -> Result<Value, Error> {
    let mut found = DependencyList::default();
    let all: Vec<Value> = items.try_iter()?.collect();
    let mut named: Option<NamedItems<'_>> = None;
    for item in all.iter().filter_map(|item| item.downcast_object_ref::<ItemValue>()) {
        for (entry, done) in item.entries("dependencies") {
            for text in split(&entry) {
                if let Some(dependency) = parse_entry(text, done) {
                    let named = named.get_or_insert_with(|| NamedItems::new(item.document()));
                    found.add(dependency, named, item.title());
                }
            }
        }
    }
    let value = |dependency: Dependency| {
        Value::from_pairs([
            ("ready", Value::from(dependency.ready)),
            ("name", Value::from(dependency.name)),
            ("status", Value::from(dependency.status)),
            ("blocking", Value::from_iter(dependency.blocking)),
        ])
    };
    Ok(found.all.into_iter().map(value).collect())
}

/// Dependencies in order, and their index by id.
#[derive(Default)]
struct DependencyList {
    all: Vec<Dependency>,
    by_id: HashMap<String, usize>,
}

impl DependencyList {
    /// Adds a dependency, or merges it with one of the same id. The status of a named item has priority, then the first
    /// status in the text.
    fn add(&mut self, dependency: Dependency, items: &NamedItems<'_>, title: &str) {
        let id = slug(&dependency.name);
        let at = if let Some(at) = self.by_id.get(&id) {
            let known = &mut self.all[*at];
            if known.status.is_empty() {
                known.ready = is_ready(&dependency.status);
                known.status = dependency.status;
            }
            *at
        } else {
            self.all.push(resolved(dependency, &id, items));
            self.by_id.insert(id, self.all.len() - 1);
            self.all.len() - 1
        };
        let known = &mut self.all[at];
        // Duplicates within an item are always consecutive.
        if known.blocking.last().is_none_or(|last| last != title) {
            known.blocking.push(title.to_owned());
        }
    }
}

/// Sets the status from the item that a dependency names, if the item is unique.
fn resolved(mut dependency: Dependency, id: &str, items: &NamedItems<'_>) -> Dependency {
    let document = items.document;
    let Some(text) = items.find(&dependency.name, id).and_then(|item| status(item, document)) else {
        dependency.ready = is_ready(&dependency.status);
        return dependency;
    };
    let word = document.shape.field_type("status").and_then(|field| match &field.value {
        ValueType::Word(vocabulary) => vocabulary.find(text),
        _ => None,
    });
    dependency.ready = is_ready(word.unwrap_or(text));
    dependency.status = inline::plain(text).into_owned();
    dependency
}

fn status<'a>(item: &Item, document: &'a Document) -> Option<&'a str> {
    match item.field("status")?.value {
        FieldValue::Text(span) => Some(document.slice(span)),
        _ => None,
    }
}

/// Outermost items of a document by title and number. Ambiguous titles and numbers map to `None`.
struct NamedItems<'a> {
    document: &'a Document,
    by_title: HashMap<String, Option<&'a Item>>,
    by_number: HashMap<u64, Option<&'a Item>>,
}

impl<'a> NamedItems<'a> {
    fn new(document: &'a Document) -> Self {
        let mut items = Self { document, by_title: HashMap::new(), by_number: HashMap::new() };
        for item in document.items.iter().filter(|item| document.is_outermost(item)) {
            let title = item.title(&document.outline);
            items.by_title.entry(slug(&title.text)).and_modify(|known| *known = None).or_insert(Some(item));
            if let Some(number) = title.number {
                items.by_number.entry(number).and_modify(|known| *known = None).or_insert(Some(item));
            }
        }
        items
    }

    /// Returns the unique item whose title has this id, or whose number is given as `Feature 3` or `#3`.
    fn find(&self, name: &str, id: &str) -> Option<&'a Item> {
        if !id.ends_with(|c: char| c.is_ascii_digit()) && !self.by_title.contains_key(id) {
            return None;
        }
        if let Some(item) = self.by_title.get(id) {
            return *item;
        }
        let number = name.strip_prefix('#').or_else(|| {
            let (noun, number) = name.rsplit_once(' ')?;
            let is_noun = slug(noun) == slug(&self.document.shape.noun) || slug(noun) == "item";
            is_noun.then(|| number.trim_start_matches('#'))
        })?;
        *self.by_number.get(&number.parse().ok()?)?
    }
}

/// Splits a text at line breaks, and at commas and semicolons outside brackets. A line that is not a list of names is
/// one entry.
fn split(text: &str) -> Vec<&str> {
    let is_one =
        !text.bytes().any(|byte| matches!(byte, b',' | b';' | b'\n' | b'\r' | b'<')) && !text.contains(") and ");
    if is_one {
        return if text.trim().is_empty() { Vec::new() } else { vec![text.trim()] };
    }
    let mut lines = Vec::new();
    let breaks = text.split(['\n', '\r']).flat_map(|line| line.split("<br>")).flat_map(|line| line.split("<br/>"));
    for line in breaks.flat_map(|line| line.split("<br />")).map(str::trim).filter(|line| !line.is_empty()) {
        let parts = parts(line);
        if parts.iter().all(|part| is_name(part)) { lines.extend(parts) } else { lines.push(line) }
    }
    lines
}

fn parts(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            ',' | ';' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            // `Queue (done) and Store (blocked)`
            'a' if depth == 0 && text[..at].ends_with(") ") && text[at..].starts_with("and ") => {
                parts.push(&text[start..at]);
                start = at + "and ".len();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// Returns whether a part of a text can be the name of a dependency and not a clause.
fn is_name(part: &str) -> bool {
    const MOST_WORDS: usize = 6;
    const CLAUSES: &[&str] = &[
        "after", "also", "although", "and", "as", "because", "but", "depends", "if", "needs", "once", "or", "requires",
        "since", "so", "that", "then", "until", "when", "where", "which", "while", "who", "with", "without",
    ];
    let plain = inline::plain(part);
    let name = plain.split(" (").next().unwrap_or_default().trim();
    let first = name.split(' ').next().unwrap_or_default().to_lowercase();
    name.split_whitespace().count() <= MOST_WORDS && !CLAUSES.contains(&first.as_str())
}

/// Parses `Name (status)`, `Name ✅`, `✅ Name` or a task list entry; `None` if the text states that there are no
/// dependencies.
fn parse_entry(text: &str, done: Option<bool>) -> Option<Dependency> {
    let plain = inline::plain(text);
    let text = plain.trim().trim_end_matches('.');
    let (text, status) = match text.strip_suffix(')').and_then(|rest| Some((rest, matching_open(rest)?))) {
        Some((rest, open)) if !rest[..open].trim().is_empty() => (&rest[..open], rest[open + 1..].trim()),
        _ => (text, ""),
    };
    let (leading, text) = emoji::split_leading(text.trim());
    let (text, trailing) = emoji::split_trailing(text);
    let icon = if leading.is_empty() { trailing } else { leading };
    let none = ["none", "n/a", "na", "nil", "nothing", "no", "tbd", "no dependencies", "-", "–", "—"];
    let bare = text.trim_matches(['(', ')', '[', ']', ' ']);
    let states_none = none.iter().any(|none| bare.eq_ignore_ascii_case(none))
        || bare.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("none "));
    if bare.is_empty() || states_none {
        return None;
    }
    let status = match (status.is_empty(), icon.is_empty(), done) {
        (false, ..) => status,
        (_, false, _) => icon,
        (_, _, Some(true)) => "✅ Complete",
        (_, _, Some(false)) => "Open",
        _ => "",
    };
    Some(Dependency { name: text.to_owned(), status: status.to_owned(), ..Dependency::default() })
}

/// Returns the index of the bracket that matches a closing bracket after the end of a text.
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

/// Returns whether a status means done: a check mark, or a word such as `done` at the start.
fn is_ready(status: &str) -> bool {
    const DONE: &[&str] = &[
        "available",
        "complete",
        "completed",
        "delivered",
        "done",
        "finished",
        "implemented",
        "live",
        "merged",
        "ready",
        "refactored",
        "released",
        "resolved",
        "shipped",
        "stable",
        "working",
    ];
    /// Words in a plan or a condition: `done by March`, `ready except mobile`.
    const CONDITIONS: &[&str] =
        &["after", "by", "except", "expected", "if", "next", "not", "once", "pending", "soon", "until", "when"];
    let (icon, words) = emoji::split_leading(status);
    if words.is_empty() || words == "✓" || words == "100%" {
        return status.starts_with(['✅', '✔', '☑', '✓', '1']);
    }
    let lower = words.to_lowercase();
    if words.contains('?') || lower.split(|c: char| !c.is_alphanumeric()).any(|word| CONDITIONS.contains(&word)) {
        return false;
    }
    let first = words.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_lowercase();
    DONE.contains(&first.as_str()) || (icon.starts_with(['✅', '✔', '☑']) && !["not", "in"].contains(&first.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, String, bool)> {
        let found = split(text).into_iter().filter_map(|text| parse_entry(text, None));
        found.map(|found| (found.name, found.status.clone(), is_ready(&found.status))).collect()
    }

    fn row(name: &str, status: &str, ready: bool) -> (String, String, bool) {
        (name.to_owned(), status.to_owned(), ready)
    }

    #[test]
    fn parses_free_form_dependencies() {
        assert_eq!(read("Queue (✅ Complete)"), [row("Queue", "✅ Complete", true)]);
        assert_eq!(read("Test suite completion"), [row("Test suite completion", "", false)]);
        assert_eq!(
            read("Login (v2) (in review), ✅ Queue; Store (not ready, see #4)"),
            [row("Login (v2)", "in review", false), row("Queue", "✅", true), row("Store", "not ready, see #4", false)]
        );
        assert_eq!(
            read("[Index service](./index.md) (blocked by legal), Feature 1"),
            [row("Index service", "blocked by legal", false), row("Feature 1", "", false)]
        );
        assert_eq!(
            read("Vault (Blocked) and Mail (Done)"),
            [row("Vault", "Blocked", false), row("Mail", "Done", true)]
        );
        assert_eq!(read("Vault (done by March)<br>Mail (ready?)").iter().filter(|one| one.2).count(), 0);
        for none in ["(none)", "None yet", "nil", "None", "N/A", "-", "none.", "", "none (see ADR-7)"] {
            assert_eq!(read(none), [], "{none}");
        }
    }

    #[test]
    fn keeps_prose_as_one_entry() {
        let prose = "Depends on the Apple certificate, which expires in March; also needs Push gateway";
        assert_eq!(read(prose), [row(prose, "", false)]);
    }

    #[test]
    fn reads_the_status_of_tasks() {
        let status = |done| parse_entry("Storage", Some(done)).map(|one| (one.status.clone(), is_ready(&one.status)));
        assert_eq!(status(true), Some(("✅ Complete".to_owned(), true)));
        assert_eq!(status(false), Some(("Open".to_owned(), false)));
    }
}
