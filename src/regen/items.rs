//! Items and tables as template values, read from the document on access.

use std::sync::Arc;

use minijinja::Value;
use minijinja::value::{Enumerator, Object};

use super::values;
use crate::document::items::{Field, FieldValue, Item};
use crate::document::nodes::{self, Grid, MarkdownNodeKind};
use crate::document::quantity::{self, Quantity};
use crate::document::shape::{self, ValueType};
use crate::document::steps::{self, Effort};
use crate::document::vocabulary::Vocabulary;
use crate::document::{Document, fields, model};
use crate::text::{Span, slug};

/// Template value of an item.
#[derive(Debug)]
pub struct ItemValue {
    document: Arc<Document>,
    index: usize,
}

/// Template value of the fields of an item.
#[derive(Debug)]
struct FieldsValue(ItemValue);

const KEYS: &[&str] = &["id", "number", "title", "line", "within", "fields", "icons", "list", "state"];

impl ItemValue {
    pub fn new(document: &Arc<Document>, index: usize) -> Self {
        Self { document: Arc::clone(document), index }
    }

    /// Returns the index in [`Document::items`].
    pub fn index(&self) -> usize {
        self.index
    }

    pub fn document(&self) -> &Document {
        &self.document
    }

    fn item(&self) -> &Item {
        &self.document.items[self.index]
    }

    fn field_of(&self, id: &str) -> Option<&Field> {
        self.item().field(id).or_else(|| {
            let id = slug(id);
            self.item().field(&id).or_else(|| {
                let shape = &self.document.shape;
                self.item().field(&shape.fields[shape.field_of(&id)?.field].id)
            })
        })
    }

    /// Returns whether the item has a field with this id or label.
    pub fn has_field(&self, id: &str) -> bool {
        self.field_of(id).is_some()
    }

    /// Returns the value of a field in the model.
    pub fn field(&self, id: &str) -> Option<Value> {
        let field = self.field_of(id)?;
        Some(match &field.value {
            FieldValue::Text(span) => values::of_tree(&fields::value(&self.document.text, *span).1),
            _ => values::of_tree(&model::field(&self.document, field)),
        })
    }

    /// Returns the id of the field with this id or label.
    pub fn field_id(&self, id: &str) -> String {
        if let Some(field) = self.field_of(id) {
            return field.id.to_string();
        }
        let shape = &self.document.shape;
        shape.field_of(id).map_or_else(|| slug(id), |known| shape.fields[known.field].id.clone())
    }

    fn value_type(&self, id: &str) -> Option<&ValueType> {
        let field = self.field_of(id).map_or(id, |field| &field.id);
        Some(&self.document.shape.field_type(field)?.value)
    }

    /// Returns the source text of a field with a text value.
    fn text(&self, id: &str) -> Option<&str> {
        match self.field_of(id)?.value {
            FieldValue::Text(span) => Some(self.document.slice(span)),
            _ => None,
        }
    }

    /// Returns the number in a field by its type, or the number at the start of its text if the kind does not declare
    /// the field.
    pub fn number(&self, id: &str) -> Option<f64> {
        match self.value_type(id).and_then(|value| quantity::of_type(self.text(id)?, value)) {
            Some(Quantity::Number(number)) => Some(number),
            Some(_) => None,
            None => values::number(&self.field(id)?),
        }
    }

    /// Returns the word of the vocabulary in a field; the outer `None` means that the field has no vocabulary.
    pub fn word(&self, id: &str) -> Option<Option<&str>> {
        match self.value_type(id)? {
            ValueType::Word(vocabulary) => Some(self.text(id).and_then(|text| vocabulary.find(text))),
            _ => None,
        }
    }

    /// Returns whether a field, or an entry of a field of steps, has a word of its vocabulary.
    pub fn has_word(&self, id: &str, word: &str) -> bool {
        let found = |vocabulary: &Vocabulary, text: &str| {
            vocabulary.find(text).is_some_and(|found| found.eq_ignore_ascii_case(word))
        };
        match self.value_type(id) {
            Some(ValueType::Word(vocabulary)) => self.text(id).is_some_and(|text| found(vocabulary, text)),
            Some(ValueType::Steps(_, vocabulary)) => self.entries(id).iter().any(|(text, _)| found(vocabulary, text)),
            _ => false,
        }
    }

    /// Returns the effort of the open steps in a field; `None` if the type of the field is not steps.
    pub fn effort(&self, id: &str) -> Option<Effort> {
        match (self.value_type(id)?, self.field_of(id)) {
            (ValueType::Steps(number, _), Some(field)) => Some(steps::effort(&self.document, &field.value, number)),
            (ValueType::Steps(..), None) => Some(Effort::default()),
            _ => None,
        }
    }

    /// Returns the source text of a field.
    pub fn raw(&self, id: &str) -> Option<&str> {
        Some(self.document.slice(self.field_of(id)?.value.span(&self.document)?))
    }

    /// Returns the entries of a field: of a list with the state of each task, of a table each row as `Name (status)`,
    /// otherwise the text as one entry.
    pub fn entries(&self, id: &str) -> Vec<(String, Option<bool>)> {
        let Some(field) = self.field_of(id) else { return Vec::new() };
        if let FieldValue::MarkdownNode(index) = field.value
            && let MarkdownNodeKind::Table(grid) = &self.document.nodes[index].kind
        {
            return self.rows(grid);
        }
        let entries = model::list_entries(&self.document, &field.value);
        if entries.is_empty() {
            self.raw(id).map(|text| (text.to_owned(), None)).into_iter().collect()
        } else {
            entries
        }
    }

    /// Returns the rows of a table as entries: the first cell, and the cell of the status column in brackets.
    fn rows(&self, grid: &Grid) -> Vec<(String, Option<bool>)> {
        let cell = |cell: &Span| nodes::cell(&self.document.text, *cell).trim().to_owned();
        let is_status = |header: &Span| ["status", "state"].contains(&slug(&cell(header)).as_str());
        let status = grid.header.iter().position(is_status).filter(|at| *at > 0);
        let row = |row: &Vec<Span>| {
            let name = row.first().map(cell).filter(|name| !name.is_empty())?;
            let status = status.and_then(|at| row.get(at)).map(cell).filter(|status| !status.is_empty());
            Some((status.map_or(name.clone(), |status| format!("{name} ({status})")), None))
        };
        grid.rows.iter().filter_map(row).collect()
    }

    pub fn title(&self) -> &str {
        &self.item().title(&self.document.outline).text
    }
}

impl Object for ItemValue {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let key = key.as_str()?;
        match key {
            "title" => Some(Value::from(self.title())),
            "fields" => Some(Value::from_object(FieldsValue(Self::new(&self.document, self.index)))),
            _ if KEYS.contains(&key) => model::item(&self.document, self.item()).get(key).map(values::of_tree),
            _ => None,
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Str(KEYS)
    }
}

impl Object for FieldsValue {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.0.field(key.as_str()?)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.0.item().fields.iter().map(|field| Value::from(&*field.id)).collect())
    }
}

/// Returns whether the id, the canonical name or the repeated id of a section matches a pattern.
pub fn section_matches(document: &Document, section: usize, pattern: &str) -> bool {
    let section = &document.outline.sections[section];
    let own = shape::matches(&section.id, pattern) || shape::matches(&section.canonical, pattern);
    own || section.repeated_id().is_some_and(|id| shape::matches(&id, pattern))
}

/// Returns the indices of the outermost items (see [`Document::is_outermost`]) in matching sections, or of all without
/// a pattern.
pub fn within(document: &Arc<Document>, pattern: Option<&str>) -> Vec<usize> {
    let selected = document.items.iter().enumerate().filter(|(_, item)| {
        let inside = |pattern| item.within(&document.outline).iter().any(|at| section_matches(document, *at, pattern));
        document.is_outermost(item) && pattern.is_none_or(inside)
    });
    selected.map(|(index, _)| index).collect()
}

/// Returns the tables in matching sections, in the form of the model.
pub fn tables(document: &Document, pattern: &str) -> Vec<Value> {
    let sections = &document.outline.sections;
    let is_match = |index: usize| section_matches(document, index, pattern);
    let selected = document.tables.iter().filter(|table| {
        table
            .section
            .is_some_and(|index| is_match(index) || sections[index].within.iter().any(|index| is_match(*index)))
    });
    selected.map(|table| values::of_tree(&model::table(document, table))).collect()
}
