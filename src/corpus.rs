//! The governed documents of a run, for rules and templates that use more than one document.

pub mod reviews;
pub mod stamp;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, OnceLock, PoisonError};

use serde_json::{Value, json};

use crate::document::items::{Field, FieldValue};
use crate::document::quantity::{self, Quantity};
use crate::document::{Document, Item, ProblemKind, ReadProblem, fields};
use crate::text::Node;

/// Path and kind of one document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CorpusEntry {
    pub path: String,
    pub kind: String,
}

impl CorpusEntry {
    pub fn of(document: &Document) -> Self {
        Self { path: document.path.clone(), kind: document.shape.kind.clone() }
    }
}

/// All governed documents of a run, by path, and the number of files that are not governed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Corpus {
    pub entries: Vec<CorpusEntry>,
    /// Number of files that were read and are not governed.
    pub ignored: usize,
}

impl Corpus {
    pub fn has_kind(&self, kind: &str) -> bool {
        self.entries.iter().any(|entry| entry.kind == kind)
    }
}

/// Data of a document that other documents can read. It is stored as JSON text to save memory and parsed on access. The
/// text is unset until the document has been read.
#[derive(Clone, Debug)]
pub struct Digest {
    /// Path from the root.
    pub path: String,
    pub kind: String,
    phase: Option<Phase>,
    json: OnceLock<String>,
}

/// `phase_group` and `phase_number` of a document.
pub type Phase = (String, u64);

impl Digest {
    /// Creates the digest of a document. It contains the title, the governance block, the front matter, the outermost
    /// items, and in `unread` the problems of items that cannot be read. An item has `id`, `number`, `title`, `within`
    /// (ids and canonical names of its sections), those `fields` that are words or numbers, and the `unreadable`
    /// fields.
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

    /// Creates the digest of a document that has not been read yet. [`fill`](Self::fill) sets its data.
    pub fn unread(path: &str, kind: &str, phase: Option<Phase>) -> Self {
        Self { path: path.to_owned(), kind: kind.to_owned(), phase, json: OnceLock::new() }
    }

    /// Sets the data from the document.
    pub fn fill(&self, document: &Document) {
        let read = Self::of(document);
        let _ = self.json.set(read.json.into_inner().unwrap_or_default());
    }

    /// Sets empty data for a document that no longer exists.
    pub fn fill_empty(&self) {
        let _ = self.json.set(String::new());
    }

    /// Returns `title`, `governance`, `front_matter`, `items` or `unread`, or `None` if the document has not been read.
    pub fn part(&self, key: &str) -> Option<Value> {
        let mut value: Value = serde_json::from_str(self.json.get()?).ok()?;
        value.get_mut(key).map(Value::take)
    }

    /// Returns whether the digests are equal, so that other documents cannot depend on a difference.
    pub fn provides_same_values(&self, other: &Self) -> bool {
        let identity = |digest: &Self| (digest.path.clone(), digest.kind.clone(), digest.phase.clone());
        identity(self) == identity(other) && self.json == other.json
    }
}

/// Returns location and message of a problem because of which values cannot be computed.
fn problem_json(document: &Document, problem: &ReadProblem) -> Value {
    let location = format!("{}:{}", document.path, document.line(problem.span.start));
    json!({ "location": location, "message": problem.message })
}

/// Returns the phase from the governance block of a document.
pub fn phase(document: &Document) -> Option<Phase> {
    let governance = document.governance.tree.as_ref()?;
    let group = governance.get("phase_group")?.as_text()?.to_owned();
    Some((group, governance.get("phase_number")?.to_json().as_u64()?))
}

fn item_json(document: &Document, item: &Item, problems: &[&ReadProblem]) -> Value {
    let outline = &document.outline;
    let title = item.title(outline);
    let mut within: Vec<&str> = Vec::new();
    for outer in item.within(outline).into_iter().map(|index| &outline.sections[index]) {
        within.push(&outer.id);
        within.extend((outer.canonical != outer.id).then_some(outer.canonical.as_str()));
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

/// Digests of all governed documents, sorted by path and indexed by kind and phase.
#[derive(Debug, Default)]
pub struct Digests {
    all: Vec<Digest>,
    kinds: BTreeMap<String, Vec<usize>>,
    phases: HashMap<(String, Phase), Vec<usize>>,
    wanted: Mutex<BTreeSet<usize>>,
}

impl Digests {
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

    pub fn all(&self) -> &[Digest] {
        &self.all
    }

    /// Returns the kinds of all documents.
    pub fn kinds(&self) -> impl Iterator<Item = &str> {
        self.kinds.keys().map(String::as_str)
    }

    /// Returns the indices of the documents of a kind.
    pub fn of_kind(&self, kind: &str) -> Vec<usize> {
        self.record_unread(self.kinds.get(kind).cloned().unwrap_or_default())
    }

    /// Returns the indices of the documents of a kind in a phase.
    pub fn of_phase(&self, kind: &str, phase: Phase) -> Vec<usize> {
        self.record_unread(self.phases.get(&(kind.to_owned(), phase)).cloned().unwrap_or_default())
    }

    /// Records the documents that are requested before they have been read.
    fn record_unread(&self, indices: Vec<usize>) -> Vec<usize> {
        let unread: Vec<usize> = indices.iter().copied().filter(|at| self.all[*at].json.get().is_none()).collect();
        if !unread.is_empty() {
            self.wanted.lock().unwrap_or_else(PoisonError::into_inner).extend(unread);
        }
        indices
    }

    /// Removes and returns the documents that were requested before they had been read. Results that used them are
    /// invalid.
    pub fn take_requested(&self) -> Vec<&Digest> {
        let wanted = std::mem::take(&mut *self.wanted.lock().unwrap_or_else(PoisonError::into_inner));
        wanted.into_iter().map(|at| &self.all[at]).collect()
    }
}
