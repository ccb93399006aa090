//! The governed documents of a run, as rules and templates about all of them need them: pure values.

pub mod reviews;
pub mod stamp;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, OnceLock, PoisonError};

use serde_json::{Value, json};

use crate::document::items::{Field, FieldValue};
use crate::document::quantity::{self, Quantity};
use crate::document::{Document, Item, ProblemKind, ReadProblem, fields};
use crate::text::Node;

/// What is kept of one document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CorpusEntry {
    /// Path from the root.
    pub path: String,
    /// Kind.
    pub kind: String,
}

impl CorpusEntry {
    /// What is kept of a document.
    pub fn of(document: &Document) -> Self {
        Self { path: document.path.clone(), kind: document.shape.kind.clone() }
    }
}

/// All governed documents of a run, by path, and how many files were none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Corpus {
    /// The governed documents.
    pub entries: Vec<CorpusEntry>,
    /// How many files were looked at and are not governed.
    pub ignored: usize,
}

impl Corpus {
    /// Whether there is a document of a kind.
    pub fn has_kind(&self, kind: &str) -> bool {
        self.entries.iter().any(|entry| entry.kind == kind)
    }
}

/// What other documents may ask of a document, small: most of it stays JSON text until somebody asks. The text may be
/// missing until it is wanted.
#[derive(Clone, Debug)]
pub struct Digest {
    /// Path from the root.
    pub path: String,
    /// Kind.
    pub kind: String,
    phase: Option<Phase>,
    json: OnceLock<String>,
}

/// A phase group and a number in it.
pub type Phase = (String, u64);

impl Digest {
    /// The digest of a document: its title, its governance block, its whole front matter, and its items with `id`, `number`, `title`, `within` (ids and
    /// canonical names) and those `fields` that are words or numbers, and what of them is `unreadable`; what looks like an item and is `unread`.
    /// Items within items are left out.
    pub fn of(document: &Document) -> Self {
        let governance = document.governance.tree.as_ref().map_or(Value::Null, Node::to_json);
        let front = document.front.as_ref().map_or(Value::Null, Node::to_json);
        let title = document.outline.title.as_ref().map(|(title, _)| &title.text);
        let things = document.items.iter().filter(|item| document.is_outermost(item));
        let problems: Vec<&ReadProblem> =
            document.active_problems(None).into_iter().map(|index| &document.problems[index]).collect();
        let items: Vec<Value> = things.map(|item| item_json(document, item, &problems)).collect();
        let unread = problems.iter().filter(|problem| problem.kind == ProblemKind::UnreadItem);
        let unread: Vec<Value> = unread.map(|problem| problem_json(document, problem)).collect();
        Self {
            path: document.path.clone(),
            kind: document.shape.kind.clone(),
            phase: phase(document),
            json: OnceLock::from(
                json!({
                    "title": title,
                    "governance": governance,
                    "front_matter": front,
                    "items": items,
                    "unread": unread,
                })
                .to_string(),
            ),
        }
    }

    /// The digest of a document that has not been read: what it says comes when it is wanted.
    pub fn unread(path: &str, kind: &str, phase: Option<Phase>) -> Self {
        Self { path: path.to_owned(), kind: kind.to_owned(), phase, json: OnceLock::new() }
    }

    /// Takes over what a document says.
    pub fn fill(&self, document: &Document) {
        let read = Self::of(document);
        let _ = self.json.set(read.json.into_inner().unwrap_or_default());
    }

    /// The document is gone.
    pub fn fill_nothing(&self) {
        let _ = self.json.set(String::new());
    }

    /// `title`, `governance`, `front_matter` or `items`; nothing where it has not been read.
    pub fn part(&self, key: &str) -> Option<Value> {
        let mut value: Value = serde_json::from_str(self.json.get()?).ok()?;
        value.get_mut(key).map(Value::take)
    }

    /// Whether two documents say the same to others.
    pub fn says_the_same(&self, other: &Self) -> bool {
        let said = |digest: &Self| (digest.path.clone(), digest.kind.clone(), digest.phase.clone());
        said(self) == said(other) && self.json == other.json
    }
}

/// A problem that keeps values from being computed: its location and message.
fn problem_json(document: &Document, problem: &ReadProblem) -> Value {
    let location = format!("{}:{}", document.path, document.line(problem.span.start));
    json!({ "location": location, "message": problem.message })
}

/// The phase that a document speaks of.
pub fn phase(document: &Document) -> Option<Phase> {
    let governance = document.governance.tree.as_ref()?;
    let group = governance.get("phase_group")?.as_text()?.to_owned();
    Some((group, governance.get("phase_number")?.to_json().as_u64()?))
}

fn item_json(document: &Document, item: &Item, problems: &[&ReadProblem]) -> Value {
    let outline = &document.outline;
    let title = item.title(outline);
    let mut within: Vec<&str> = Vec::new();
    for around in item.within(outline).into_iter().map(|index| &outline.sections[index]) {
        within.push(&around.id);
        within.extend((around.canonical != around.id).then_some(around.canonical.as_str()));
    }
    let value = |field: &Field| {
        let FieldValue::Text(span) = field.value else { return None };
        let known = document.shape.field_type(&field.id);
        match known.and_then(|known| quantity::of_type(document.slice(span), &known.value)) {
            Some(Quantity::Number(number)) => serde_json::Number::from_f64(number).map(Value::Number),
            Some(Quantity::Absent) => None,
            _ => Some(fields::value(&document.text, span).1.to_json()),
        }
    };
    let named = item.fields.iter().filter_map(|field| Some((field.id.to_string(), value(field)?)));
    let fields: serde_json::Map<String, Value> = named.collect();
    let is_own = |problem: &&&ReadProblem| {
        problem.item.and_then(|index| document.items.get(index)).is_some_and(|other| std::ptr::eq(other, item))
    };
    let own = problems.iter().filter(is_own);
    let own = own.filter_map(|problem| Some((problem.field.as_ref()?.to_string(), problem_json(document, problem))));
    let unreadable: serde_json::Map<String, Value> = own.collect();
    json!({
        "unreadable": unreadable,
        "id": item.id(outline),
        "number": title.number,
        "title": title.text,
        "within": within,
        "fields": fields,
    })
}

/// The digests of all governed documents, by path.
#[derive(Debug, Default)]
pub struct Digests {
    all: Vec<Digest>,
    kinds: BTreeMap<String, Vec<usize>>,
    phases: HashMap<(String, Phase), Vec<usize>>,
    wanted: Mutex<BTreeSet<usize>>,
}

impl Digests {
    /// Orders the digests.
    pub fn new(mut all: Vec<Digest>) -> Self {
        all.sort_by(|a, b| a.path.cmp(&b.path));
        let mut digests = Self::default();
        for (index, digest) in all.iter().enumerate() {
            digests.kinds.entry(digest.kind.clone()).or_default().push(index);
            if let Some(phase) = &digest.phase {
                digests.phases.entry((digest.kind.clone(), phase.clone())).or_default().push(index);
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
    pub fn of_kind(&self, kind: &str) -> Vec<usize> {
        self.want(self.kinds.get(kind).cloned().unwrap_or_default())
    }

    /// Those of a kind that speak of one phase, by index.
    pub fn of_phase(&self, kind: &str, phase: Phase) -> Vec<usize> {
        self.want(self.phases.get(&(kind.to_owned(), phase)).cloned().unwrap_or_default())
    }

    /// Remembers which of them have not been read.
    fn want(&self, indices: Vec<usize>) -> Vec<usize> {
        let unread: Vec<usize> = indices.iter().copied().filter(|at| self.all[*at].json.get().is_none()).collect();
        if !unread.is_empty() {
            self.wanted.lock().unwrap_or_else(PoisonError::into_inner).extend(unread);
        }
        indices
    }

    /// Those that somebody asked for before they were read; what was made of them is worth nothing.
    pub fn take_wanted(&self) -> Vec<&Digest> {
        let wanted = std::mem::take(&mut *self.wanted.lock().unwrap_or_else(PoisonError::into_inner));
        wanted.into_iter().map(|at| &self.all[at]).collect()
    }
}
