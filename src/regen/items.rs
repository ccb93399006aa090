//! Items and tables as templates see them: read off the document when they are asked for.

use std::sync::Arc;

use minijinja::Value;
use minijinja::value::{Enumerator, Object};

use super::values;
use crate::document::items::{Field, FieldValue, Item};
use crate::document::{Document, fields, model};

/// An item of a document.
#[derive(Debug)]
pub struct ItemValue {
    document: Arc<Document>,
    index: usize,
}

/// The fields of an item.
#[derive(Debug)]
struct FieldsValue(ItemValue);

const KEYS: &[&str] = &["id", "number", "title", "line", "within", "fields", "icons", "list", "state"];

impl ItemValue {
    /// The item of an index.
    pub fn new(document: &Arc<Document>, index: usize) -> Self {
        Self { document: Arc::clone(document), index }
    }

    fn item(&self) -> &Item {
        &self.document.items[self.index]
    }

    fn field_of(&self, id: &str) -> Option<&Field> {
        self.item().fields.iter().find(|field| *field.id == *id)
    }

    /// A field's value as the model has it.
    pub fn field(&self, id: &str) -> Option<Value> {
        let field = self.field_of(id)?;
        Some(match field.value {
            FieldValue::Text(span) => values::of_tree(&fields::value(&self.document.text, span).1),
            _ => values::of_tree(&model::field(&self.document, field)),
        })
    }

    /// A field's text as it is written.
    pub fn raw(&self, id: &str) -> Option<&str> {
        let document = &self.document;
        let span = match self.field_of(id)?.value {
            FieldValue::Text(span) => span,
            FieldValue::Node(index) => document.nodes[index].span,
            FieldValue::Block(index) => document.blocks[index].body,
        };
        Some(document.slice(span))
    }

    /// The entries of a field that is a list, as they are written; its text as one where it is none.
    pub fn entries(&self, id: &str) -> Vec<String> {
        let document = &self.document;
        match self.field_of(id).map(|field| field.value) {
            Some(FieldValue::Node(index)) => {
                let entries = model::list_entries(document, index);
                entries
                    .into_iter()
                    .map(|(text, done)| if done { format!("{text} (✅ Complete)") } else { text })
                    .collect()
            }
            _ => self.raw(id).map(str::to_owned).into_iter().collect(),
        }
    }

    /// The words of its heading.
    pub fn title(&self) -> &str {
        &self.document.outline.sections[self.item().section].title.text
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

/// The things (see [`Document::is_thing`]) within a section whose id or canonical name is `pattern`, where a `*` at its end stands for the
/// rest; all of them where there is no pattern.
pub fn within(document: &Arc<Document>, pattern: Option<&str>) -> Vec<usize> {
    let sections = &document.outline.sections;
    let fits = |section: usize| {
        pattern.is_none_or(|pattern| {
            matches(&sections[section].id, pattern) || matches(&sections[section].canonical, pattern)
        })
    };
    let chosen = document.items.iter().enumerate().filter(|(_, item)| {
        let around = &sections[item.section].within;
        document.is_thing(item) && (pattern.is_none() || around.iter().any(|section| fits(*section)))
    });
    chosen.map(|(index, _)| index).collect()
}

/// Whether a name fits a pattern.
pub fn matches(name: &str, pattern: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == pattern,
    }
}

/// The tables within a section, as the model has them.
pub fn tables(document: &Document, pattern: &str) -> Vec<Value> {
    let sections = &document.outline.sections;
    let fits = |index: usize| matches(&sections[index].id, pattern) || matches(&sections[index].canonical, pattern);
    let chosen = document.tables.iter().filter(|table| {
        table.section.is_some_and(|index| fits(index) || sections[index].within.iter().any(|index| fits(*index)))
    });
    chosen.map(|table| values::of_tree(&model::table(document, table))).collect()
}
