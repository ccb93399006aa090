//! A JSON value that knows where each of its parts stands.

use std::borrow::Cow;

use serde_json::{Map, Number, Value};

use super::Span;

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node<'a> {
    /// Where the value stands.
    pub span: Span,
    /// The value.
    pub data: NodeData<'a>,
}

/// What a [`Node`] holds.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeData<'a> {
    /// JSON `null`.
    Null,
    /// JSON `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A text.
    Text(Cow<'a, str>),
    /// A list.
    List(Vec<Node<'a>>),
    /// A mapping, in the order it was written.
    Map(Vec<NodeEntry<'a>>),
}

/// A key of a mapping with its value.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeEntry<'a> {
    /// The key.
    pub key: Cow<'a, str>,
    /// Where the key stands.
    pub key_span: Span,
    /// What it holds.
    pub value: Node<'a>,
}

impl<'a> Node<'a> {
    /// A value at a place.
    pub fn new(span: Span, data: NodeData<'a>) -> Self {
        Self { span, data }
    }

    /// A text at a place.
    pub fn text(span: Span, text: impl Into<Cow<'a, str>>) -> Self {
        Self::new(span, NodeData::Text(text.into()))
    }

    /// A whole number at a place.
    pub fn number(span: Span, number: impl Into<Number>) -> Self {
        Self::new(span, NodeData::Number(number.into()))
    }

    /// A list of texts that share a place.
    pub fn texts(span: Span, texts: impl IntoIterator<Item = &'a str>) -> Self {
        let list = texts.into_iter().map(|text| Self::text(span, text));
        Self::new(span, NodeData::List(list.collect()))
    }

    /// The entries of a mapping; none for anything else.
    pub fn entries(&self) -> &[NodeEntry<'a>] {
        match &self.data {
            NodeData::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The values of a list; none for anything else.
    pub fn items(&self) -> &[Node<'a>] {
        match &self.data {
            NodeData::List(items) => items,
            _ => &[],
        }
    }

    /// The entry of a key.
    pub fn entry(&self, key: &str) -> Option<&NodeEntry<'a>> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Node<'a>> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match &self.data {
            NodeData::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The same value, its texts borrowed from this one.
    pub fn reborrow(&self) -> Node<'_> {
        let data = match &self.data {
            NodeData::Null => NodeData::Null,
            NodeData::Bool(value) => NodeData::Bool(*value),
            NodeData::Number(number) => NodeData::Number(number.clone()),
            NodeData::Text(text) => NodeData::Text(Cow::Borrowed(text)),
            NodeData::List(items) => NodeData::List(items.iter().map(Node::reborrow).collect()),
            NodeData::Map(entries) => NodeData::Map(entries.iter().map(NodeEntry::reborrow).collect()),
        };
        Node { span: self.span, data }
    }

    /// The value as JSON.
    pub fn to_json(&self) -> Value {
        match &self.data {
            NodeData::Null => Value::Null,
            NodeData::Bool(value) => Value::Bool(*value),
            NodeData::Number(number) => Value::Number(number.clone()),
            NodeData::Text(text) => Value::String(text.to_string()),
            NodeData::List(items) => items.iter().map(Node::to_json).collect(),
            NodeData::Map(entries) => {
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
    pub fn descend<'p>(&self, path: impl IntoIterator<Item = &'p str>) -> (&Node<'a>, Option<&NodeEntry<'a>>) {
        let mut place = (self, None);
        for step in path {
            let next = match &place.0.data {
                NodeData::Map(_) => place.0.entry(step).map(|entry| (&entry.value, Some(entry))),
                NodeData::List(items) => {
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
            NodeData::Null => "null",
            NodeData::Bool(_) => "a boolean",
            NodeData::Number(_) => "a number",
            NodeData::Text(_) => "a string",
            NodeData::List(_) => "a list",
            NodeData::Map(_) => "a mapping",
        }
    }
}

impl<'a> NodeEntry<'a> {
    /// An entry whose key has the place of its value.
    pub fn new(key: impl Into<Cow<'a, str>>, value: Node<'a>) -> Self {
        Self { key: key.into(), key_span: value.span, value }
    }

    /// The same entry, its texts borrowed from this one.
    pub fn reborrow(&self) -> NodeEntry<'_> {
        NodeEntry { key: Cow::Borrowed(&self.key), key_span: self.key_span, value: self.value.reborrow() }
    }
}
