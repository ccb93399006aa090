//! A JSON value that knows where each of its parts stands.

use std::borrow::Cow;

use serde_json::{Map, Number, Value};

use super::Span;

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree<'a> {
    /// Where the value stands.
    pub span: Span,
    /// The value.
    pub data: Data<'a>,
}

/// What a [`Tree`] holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Data<'a> {
    /// JSON `null`.
    Null,
    /// JSON `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A text.
    Text(Cow<'a, str>),
    /// A list.
    List(Vec<Tree<'a>>),
    /// A mapping, in the order it was written.
    Map(Vec<Entry<'a>>),
}

/// A key of a mapping with its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry<'a> {
    /// The key.
    pub key: Cow<'a, str>,
    /// Where the key stands.
    pub key_span: Span,
    /// What it holds.
    pub value: Tree<'a>,
}

impl<'a> Tree<'a> {
    /// A value at a place.
    pub fn new(span: Span, data: Data<'a>) -> Self {
        Self { span, data }
    }

    /// A text at a place.
    pub fn text(span: Span, text: impl Into<Cow<'a, str>>) -> Self {
        Self::new(span, Data::Text(text.into()))
    }

    /// A whole number at a place.
    pub fn number(span: Span, number: impl Into<Number>) -> Self {
        Self::new(span, Data::Number(number.into()))
    }

    /// A list of texts that share a place.
    pub fn texts(span: Span, texts: impl IntoIterator<Item = &'a str>) -> Self {
        let list = texts.into_iter().map(|text| Self::text(span, text));
        Self::new(span, Data::List(list.collect()))
    }

    /// The entries of a mapping; none for anything else.
    pub fn entries(&self) -> &[Entry<'a>] {
        match &self.data {
            Data::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The values of a list; none for anything else.
    pub fn items(&self) -> &[Tree<'a>] {
        match &self.data {
            Data::List(items) => items,
            _ => &[],
        }
    }

    /// The entry of a key.
    pub fn entry(&self, key: &str) -> Option<&Entry<'a>> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Tree<'a>> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match &self.data {
            Data::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The same value, its texts borrowed from this one.
    pub fn reborrow(&self) -> Tree<'_> {
        let data = match &self.data {
            Data::Null => Data::Null,
            Data::Bool(value) => Data::Bool(*value),
            Data::Number(number) => Data::Number(number.clone()),
            Data::Text(text) => Data::Text(Cow::Borrowed(text)),
            Data::List(items) => Data::List(items.iter().map(Tree::reborrow).collect()),
            Data::Map(entries) => Data::Map(entries.iter().map(Entry::reborrow).collect()),
        };
        Tree { span: self.span, data }
    }

    /// The value as JSON.
    pub fn to_json(&self) -> Value {
        match &self.data {
            Data::Null => Value::Null,
            Data::Bool(value) => Value::Bool(*value),
            Data::Number(number) => Value::Number(number.clone()),
            Data::Text(text) => Value::String(text.to_string()),
            Data::List(items) => items.iter().map(Tree::to_json).collect(),
            Data::Map(entries) => {
                let mut map = Map::with_capacity(entries.len());
                for entry in entries {
                    map.insert(entry.key.to_string(), entry.value.to_json());
                }
                Value::Object(map)
            }
        }
    }

    /// What stands at the end of a path of keys and indices, as far as it goes: the deepest value
    /// on the path, and the entry that leads to it where it is a key's.
    pub fn descend<'p>(&self, path: impl IntoIterator<Item = &'p str>) -> (&Tree<'a>, Option<&Entry<'a>>) {
        let mut place = (self, None);
        for step in path {
            let next = match &place.0.data {
                Data::Map(_) => place.0.entry(step).map(|entry| (&entry.value, Some(entry))),
                Data::List(items) => {
                    step.parse::<usize>().ok().and_then(|index| items.get(index)).map(|item| (item, None))
                }
                _ => None,
            };
            match next {
                Some(next) => place = next,
                None => break,
            }
        }
        place
    }

    /// What kind of value it is, in the words of JSON.
    pub fn kind(&self) -> &'static str {
        match self.data {
            Data::Null => "null",
            Data::Bool(_) => "a boolean",
            Data::Number(_) => "a number",
            Data::Text(_) => "a string",
            Data::List(_) => "a list",
            Data::Map(_) => "a mapping",
        }
    }
}

impl<'a> Entry<'a> {
    /// An entry whose key has the place of its value.
    pub fn new(key: impl Into<Cow<'a, str>>, value: Tree<'a>) -> Self {
        Self { key: key.into(), key_span: value.span, value }
    }

    /// The same entry, its texts borrowed from this one.
    pub fn reborrow(&self) -> Entry<'_> {
        Entry { key: Cow::Borrowed(&self.key), key_span: self.key_span, value: self.value.reborrow() }
    }
}
