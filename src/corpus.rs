//! The governed documents of a run, as rules and templates about all of them need them: pure values.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

use crate::document::items::FieldValue;
use crate::document::{Document, Item, fields};
use crate::text::Tree;

/// What is kept of one document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Path from the root.
    pub path: String,
    /// Kind.
    pub kind: String,
}

impl Entry {
    /// What is kept of a document.
    pub fn of(document: &Document) -> Self {
        Self { path: document.path.clone(), kind: document.shape.kind.clone() }
    }
}

/// All governed documents of a run, by path, and how many files were none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Corpus {
    /// The governed documents.
    pub entries: Vec<Entry>,
    /// How many files were looked at and are not governed.
    pub ignored: usize,
}

impl Corpus {
    /// Whether there is a document of a kind.
    pub fn has_kind(&self, kind: &str) -> bool {
        self.entries.iter().any(|entry| entry.kind == kind)
    }
}

/// What other documents may ask of a document, small: most of it stays JSON text until somebody asks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Digest {
    /// Path from the root.
    pub path: String,
    /// Kind.
    pub kind: String,
    phase: Option<(String, u64)>,
    json: String,
}

impl Digest {
    /// The digest of a document: its title, its governance block, and its items with `id`, `number`, `title`, `within` (ids and
    /// canonical names) and those `fields` that are words or numbers. Items within items are left out.
    pub fn of(document: &Document) -> Self {
        let governance = document.governance.tree.as_ref();
        let group = governance.and_then(|tree| tree.get("phase_group")?.as_text().map(str::to_owned));
        let governance = governance.map_or(Value::Null, Tree::to_json);
        let title = document.outline.title.as_ref().map(|(title, _)| &title.text);
        let things = document.items.iter().filter(|item| document.is_thing(item));
        let items: Vec<Value> = things.map(|item| item_json(document, item)).collect();
        Self {
            path: document.path.clone(),
            kind: document.shape.kind.clone(),
            phase: group.zip(governance["phase_number"].as_u64()),
            json: json!({ "title": title, "governance": governance, "items": items }).to_string(),
        }
    }

    /// `title`, `governance` or `items`.
    pub fn part(&self, key: &str) -> Option<Value> {
        let mut value: Value = serde_json::from_str(&self.json).ok()?;
        value.get_mut(key).map(Value::take)
    }
}

fn item_json(document: &Document, item: &Item) -> Value {
    let sections = &document.outline.sections;
    let section = &sections[item.section];
    let mut within: Vec<&str> = Vec::new();
    for around in section.within.iter().map(|index| &sections[*index]) {
        within.push(&around.id);
        within.extend((around.canonical != around.id).then_some(around.canonical.as_str()));
    }
    let text = |value: FieldValue| match value {
        FieldValue::Text(span) => Some(fields::value(&document.text, span).1.to_json()),
        _ => None,
    };
    let named = item.fields.iter().filter_map(|field| Some((field.id.to_string(), text(field.value)?)));
    let fields: serde_json::Map<String, Value> = named.collect();
    json!({
        "id": section.id,
        "number": section.title.number,
        "title": section.title.text,
        "within": within,
        "fields": fields,
    })
}

/// The digests of all governed documents, by path.
#[derive(Clone, Debug, Default)]
pub struct Digests {
    all: Vec<Digest>,
    kinds: BTreeMap<String, Vec<usize>>,
    phases: HashMap<(String, String, u64), Vec<usize>>,
}

impl Digests {
    /// Orders the digests.
    pub fn new(mut all: Vec<Digest>) -> Self {
        all.sort();
        let mut digests = Self::default();
        for (index, digest) in all.iter().enumerate() {
            digests.kinds.entry(digest.kind.clone()).or_default().push(index);
            if let Some((group, number)) = &digest.phase {
                let phase = (digest.kind.clone(), group.clone(), *number);
                digests.phases.entry(phase).or_default().push(index);
            }
        }
        digests.all = all;
        digests
    }

    /// All of them.
    pub fn all(&self) -> &[Digest] {
        &self.all
    }

    /// The kinds that there are documents of.
    pub fn kinds(&self) -> impl Iterator<Item = &str> {
        self.kinds.keys().map(String::as_str)
    }

    /// Those of a kind, by index.
    pub fn of_kind(&self, kind: &str) -> impl Iterator<Item = usize> {
        self.kinds.get(kind).into_iter().flatten().copied()
    }

    /// Those of a kind that speak of one phase, by index.
    pub fn of_phase(&self, kind: &str, group: &str, number: u64) -> &[usize] {
        let phase = (kind.to_owned(), group.to_owned(), number);
        self.phases.get(&phase).map(Vec::as_slice).unwrap_or_default()
    }
}
