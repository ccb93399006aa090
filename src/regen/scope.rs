//! Variables and functions of a template, for one block. Values are computed on access, and each access is logged.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use chrono::{DateTime, Utc};
use minijinja::value::{Kwargs, Object, from_args};
use minijinja::{Error, ErrorKind, State, Value};

use super::access_log::{AccessLog, Blocker, FactInput, UnavailableFact};
use super::facts::{Fact, Facts, MeasuredFacts, documents};
use super::items::ItemValue;
use super::library::{CompiledTemplates, Measured};
use super::merge::DELETED_LINE;
use super::{confidence, functions, labels, values};
use crate::document::{Block, Document, ProblemKind, ReadProblem, fields, model, previous};
use crate::text::{Node, slug};

/// Name of the scope for filters.
pub const SELF: &str = "phx_scope";

/// Scope of one rendering of one block.
#[derive(Debug)]
pub struct Scope {
    pub document: Arc<Document>,
    /// Index of the block.
    pub block: usize,
    /// Tree facts.
    pub facts: Arc<Facts>,
    /// Measured facts that may be used.
    pub measured: Arc<MeasuredFacts>,
    /// Measured facts that the template declares.
    pub needs: BTreeSet<Measured>,
    /// Body to read previous values from, if it is not the current one.
    pub restored: Option<Arc<str>>,
    /// Time of the run; set only after the body is known to differ.
    pub now: Option<DateTime<Utc>>,
    previous: OnceLock<Value>,
    pairs: OnceLock<Vec<(String, String)>>,
    active: OnceLock<Active>,
    access_log: Mutex<AccessLog>,
}

/// Indices of the problems of the document that are not suppressed.
#[derive(Debug)]
struct Active {
    all: Vec<usize>,
    by_item: HashMap<usize, Vec<usize>>,
}

/// Function that templates can call.
#[derive(Debug)]
struct Function {
    scope: Arc<Scope>,
    call: fn(&Arc<Scope>, &[Value]) -> Result<Value, Error>,
}

impl Object for Function {
    fn call(self: &Arc<Self>, _: &mut State<'_, '_>, args: &[Value]) -> Result<Value, Error> {
        (self.call)(&self.scope, args)
    }
}

impl Scope {
    pub fn new(
        document: &Arc<Document>,
        block: usize,
        facts: &Arc<Facts>,
        measured: &Arc<MeasuredFacts>,
        compiled: &CompiledTemplates,
    ) -> Self {
        Self {
            document: Arc::clone(document),
            block,
            facts: Arc::clone(facts),
            measured: Arc::clone(measured),
            needs: compiled.needs.clone(),
            restored: None,
            now: None,
            previous: OnceLock::new(),
            pairs: OnceLock::new(),
            active: OnceLock::new(),
            access_log: Mutex::default(),
        }
    }

    /// Returns the log, including the problems that the rendering depends on.
    pub fn access_log(&self) -> AccessLog {
        let note = self.note();
        AccessLog { blockers: self.blockers(&note), ..note.clone() }
    }

    pub(super) fn note(&self) -> MutexGuard<'_, AccessLog> {
        self.access_log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn has_available_fact<T>(&self, value: T) -> T {
        self.note().has_available_fact = true;
        value
    }

    pub(super) fn block(&self) -> &Block {
        &self.document.blocks[self.block]
    }

    /// Returns the level of the section that contains the block.
    pub(super) fn level(&self) -> usize {
        let section = self.block().section;
        section.map_or(1, |section| usize::from(self.document.outline.sections[section].level))
    }

    /// Calls `read` with the previous body as a tree, and its text.
    fn previous_tree<T>(&self, read: impl FnOnce(&Node<'_>, &str) -> T) -> T {
        match &self.restored {
            Some(body) => read(&previous::read(body, crate::text::Span::new(0, body.len())), body),
            None => read(&previous::read(&self.document.text, self.block().body), &self.document.text),
        }
    }

    pub(super) fn previous(&self) -> &Value {
        self.previous.get_or_init(|| self.previous_tree(|tree, _| values::of_tree(tree)))
    }

    /// Returns the previous value of a label or of one with the same meaning.
    pub(super) fn previous_pair(&self, label: &str) -> Option<String> {
        let pairs = self.pairs();
        let labels: Vec<&str> = pairs.iter().map(|(known, _)| known.as_str()).collect();
        let at = labels::find(&labels, label, &self.document.shape.aliases)?;
        Some(pairs[at].1.clone())
    }

    /// Returns the labels and values before the first sub-heading of the previous body.
    fn pairs(&self) -> &[(String, String)] {
        self.pairs.get_or_init(|| match &self.restored {
            Some(body) => previous::pairs(body, crate::text::Span::new(0, body.len())),
            None => previous::pairs(&self.document.text, self.block().body),
        })
    }

    /// Logs a warning about the values.
    pub(super) fn warn(&self, warning: String) {
        let mut note = self.note();
        if !note.warnings.contains(&warning) {
            note.warnings.push(warning);
        }
    }

    fn active(&self) -> &Active {
        self.active.get_or_init(|| {
            let all = self.document.active_problems(self.facts.now);
            let mut by_item: HashMap<usize, Vec<usize>> = HashMap::new();
            for index in &all {
                if let Some(item) = self.document.problems[*index].item {
                    by_item.entry(item).or_default().push(*index);
                }
            }
            Active { all, by_item }
        })
    }

    /// Logs problems that the rendering depends on.
    pub(super) fn depend_on(&self, affects: impl Fn(&ReadProblem) -> bool) {
        let problems = &self.document.problems;
        let affecting = self.active().all.iter().copied().filter(|index| affects(&problems[*index]));
        self.note().problems.extend(affecting);
    }

    /// Logs the problems in a field of an item.
    pub(super) fn depend_on_field(&self, item: &ItemValue, field: &str) {
        if !std::ptr::eq(item.document(), self.document.as_ref()) {
            return;
        }
        if let Some(found) = self.active().by_item.get(&item.index()) {
            let id = item.field_id(field);
            let problems = &self.document.problems;
            let affecting = found.iter().copied().filter(|at| problems[*at].field.as_deref() == Some(&*id));
            self.note().problems.extend(affecting);
        }
    }

    /// Returns the problems that the rendering depends on, in order.
    fn blockers(&self, note: &AccessLog) -> Vec<Blocker> {
        let document = &self.document;
        let own = note.problems.iter().map(|index| {
            let problem = &document.problems[*index];
            let location = format!("line {}", document.line(problem.span.start));
            Blocker { location, message: problem.message.clone() }
        });
        own.chain(note.blockers.iter().cloned()).collect()
    }

    /// Logs a problem.
    pub(super) fn blocked(&self, blocker: Blocker) {
        let mut note = self.note();
        if !note.blockers.contains(&blocker) {
            note.blockers.push(blocker);
        }
    }

    /// Logs that the value of a label is maintained by hand unless the configuration provides it.
    pub(super) fn by_hand(&self, label: &str) {
        let mut note = self.note();
        if !note.by_hand.iter().any(|known| known == label) {
            note.by_hand.push(label.to_owned());
        }
    }

    /// Logs the source of the value of a label.
    pub(super) fn source(&self, label: &str, source: &str) {
        self.note().sources.push((label.to_owned(), source.to_owned()));
    }

    /// Logs the items that numbers are computed from.
    pub(super) fn input(&self, input: FactInput) {
        let mut note = self.note();
        if !note.inputs.contains(&input) {
            note.inputs.push(input);
        }
    }

    pub(super) fn unavailable_facts(&self, label: &str, source: &str) {
        let unavailable_facts = UnavailableFact { label: label.to_owned(), source: source.to_owned() };
        let mut note = self.note();
        if !note.unavailable_facts.contains(&unavailable_facts) {
            note.unavailable_facts.push(unavailable_facts);
        }
    }

    /// Returns a measured fact, or `None` if it is unavailable.
    pub(super) fn measured(&self, fact: Measured) -> Result<Option<Value>, Error> {
        if !self.needs.contains(&fact) {
            let name = fact.name();
            let message = format!("`{name}` is a measured fact; declare it in the first line: `{{# needs: {name} #}}`");
            return Err(Error::new(ErrorKind::InvalidOperation, message));
        }
        match self.measured.of(fact) {
            // A broken source fails before the rendering starts.
            Fact::Absent | Fact::Broken(_) => {
                self.unavailable_facts("", fact.source());
                Ok(None)
            }
            Fact::Present(value) => {
                // Reports without configured folders give no groups.
                let empty = |key: &str| value.get_attr(key).is_ok_and(|list| list.len() == Some(0));
                if fact == Measured::Coverage && empty("folders") {
                    self.unavailable_facts("", fact.source());
                }
                Ok(Some(self.has_available_fact(value.clone())))
            }
        }
    }

    fn function(self: &Arc<Self>, call: fn(&Arc<Self>, &[Value]) -> Result<Value, Error>) -> Value {
        Value::from_object(Function { scope: Arc::clone(self), call })
    }
}

/// All names that templates can use.
pub const NAMES: &[&str] = &[
    "document",
    "documents",
    "phx",
    "config",
    "coverage",
    "doctor",
    "git",
    "now",
    "previous",
    "block",
    "nothing",
    "fact",
    "label",
    "keep",
    "items",
    "tables",
    "phases_of_group",
    "current_phase",
    "confidence",
    "recent",
    "range",
    "namespace",
];

impl Object for Scope {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        let measured = |fact| {
            let value = self.measured(fact).map(|value| value.unwrap_or(Value::from(())));
            Some(value.unwrap_or_else(Value::from))
        };
        Some(match key {
            "document" => {
                self.has_available_fact(Value::from_object(ModelValue(Arc::clone(&self.document), Arc::clone(self))))
            }
            "documents" => {
                let scope = Arc::clone(self);
                let note = Arc::new(move |blocker| scope.blocked(blocker));
                self.has_available_fact(documents::noting(&self.facts.documents, note))
            }
            "phx" => self.has_available_fact(self.facts.program.clone()),
            "config" => Value::from_pairs([("facts", self.facts.config.clone())]),
            "coverage" => return measured(Measured::Coverage),
            "doctor" => return measured(Measured::Doctor),
            "git" => return measured(Measured::Git),
            "now" => self.function(functions::now),
            "previous" => Value::from_object(PreviousValue(Arc::clone(self))),
            "block" => functions::block(self),
            SELF => Value::from_dyn_object(Arc::clone(self)),
            "nothing" => Value::from(DELETED_LINE),
            "fact" => self.function(functions::fact),
            "label" => self.function(functions::label),
            "keep" => self.function(functions::keep),
            "items" => self.function(functions::items),
            "tables" => self.function(functions::tables),
            "phases_of_group" => self.function(|scope, _| Ok(functions::phases_of_group(scope))),
            "current_phase" => self.function(functions::current_phase),
            "confidence" => self.function(|_, arguments| confidence::share(arguments)),
            "recent" => self.function(|_, arguments| confidence::recent(arguments)),
            _ => return None,
        })
    }
}

/// Model of a document; its parts are computed on access.
#[derive(Debug)]
struct ModelValue(Arc<Document>, Arc<Scope>);

impl Object for ModelValue {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let document = &self.0;
        match key.as_str()? {
            "items" => {
                self.1.depend_on(|problem| problem.kind == ProblemKind::UnreadItem);
                let items = (0..document.items.len()).map(|index| Value::from_object(ItemValue::new(document, index)));
                Some(Value::from(items.collect::<Vec<_>>()))
            }
            "governance" => document.governance.tree.as_ref().map(values::of_tree),
            "path" => Some(Value::from(document.path.as_str())),
            "kind" => Some(Value::from(document.shape.kind.as_str())),
            key => model::model(document).get(key).map(values::of_tree),
        }
    }
}

/// Previous body of the block.
#[derive(Debug)]
struct PreviousValue(Arc<Scope>);

impl Object for PreviousValue {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.0.previous().get_item(key).ok().filter(|value| !value.is_undefined())
    }

    /// `previous.rows(except=["Name"])`: source lines of the rows of the first table, without rows with these first
    /// cells.
    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, args: &[Value]) -> Result<Value, Error> {
        if method != "rows" {
            return Err(Error::from(ErrorKind::UnknownMethod));
        }
        let (options,): (Kwargs,) = from_args(args)?;
        let except: Option<Vec<String>> = options.get("except")?;
        options.assert_all_used()?;
        let except: Vec<String> = except.unwrap_or_default().iter().map(|name| slug(name)).collect();
        let lines = self.0.previous_tree(|tree, text| {
            let table = tree.get("tables").and_then(|tables| tables.items().first());
            let rows = table.and_then(|table| table.get("rows")).map(Node::entries).unwrap_or_default();
            let first = |line: &str| crate::document::body::cells(line).into_iter().next().unwrap_or_default();
            let lines = rows.iter().map(|row| row.key_span.slice(text).trim().to_owned());
            let remaining = lines.filter(|line| !except.contains(&slug(&fields::plain(&first(line)))));
            remaining.map(Value::from).collect::<Vec<_>>()
        });
        Ok(Value::from(lines))
    }
}
