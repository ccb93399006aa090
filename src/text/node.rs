//! JSON values with the source span of each value and key.

use std::borrow::Cow;

use serde_json::{Map, Number, Value};

use super::Span;

/// JSON value and its span in the source.
#[derive(Clone, Debug, PartialEq)]
pub struct Node<'a> {
    pub span: Span,
    pub data: NodeData<'a>,
}

/// Content of a [`Node`].
#[derive(Clone, Debug, PartialEq)]
pub enum NodeData<'a> {
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'a, str>),
    List(Vec<Node<'a>>),
    /// Mapping, in source order.
    Map(Vec<NodeEntry<'a>>),
}

/// Key and value of a mapping.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeEntry<'a> {
    pub key: Cow<'a, str>,
    pub key_span: Span,
    pub value: Node<'a>,
}

impl<'a> Node<'a> {
    pub fn new(span: Span, data: NodeData<'a>) -> Self {
        Self { span, data }
    }

    pub fn text(span: Span, text: impl Into<Cow<'a, str>>) -> Self {
        Self::new(span, NodeData::Text(text.into()))
    }

    pub fn number(span: Span, number: impl Into<Number>) -> Self {
        Self::new(span, NodeData::Number(number.into()))
    }

    /// Creates a list of strings in which each string has the span of the list.
    pub fn strings(span: Span, texts: impl IntoIterator<Item = &'a str>) -> Self {
        let list = texts.into_iter().map(|text| Self::text(span, text));
        Self::new(span, NodeData::List(list.collect()))
    }

    /// Returns the entries of a mapping; empty for other values.
    pub fn entries(&self) -> &[NodeEntry<'a>] {
        match &self.data {
            NodeData::Map(entries) => entries,
            _ => &[],
        }
    }

    /// Returns the values of a list; empty for other values.
    pub fn items(&self) -> &[Node<'a>] {
        match &self.data {
            NodeData::List(items) => items,
            _ => &[],
        }
    }

    pub fn entry(&self, key: &str) -> Option<&NodeEntry<'a>> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    pub fn get(&self, key: &str) -> Option<&Node<'a>> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// Returns the string, or `None` for other values.
    pub fn as_text(&self) -> Option<&str> {
        match &self.data {
            NodeData::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the same value with strings borrowed from this one.
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

    /// Follows a path of keys and indices as far as it exists. Returns the deepest value on the path, and its entry if
    /// the last step was a key.
    pub fn descend<'p>(&self, path: impl IntoIterator<Item = &'p str>) -> (&Node<'a>, Option<&NodeEntry<'a>>) {
        let mut deepest = (self, None);
        for step in path {
            let next = match &deepest.0.data {
                NodeData::Map(_) => deepest.0.entry(step).map(|entry| (&entry.value, Some(entry))),
                NodeData::List(items) => {
                    step.parse::<usize>().ok().and_then(|index| items.get(index)).map(|item| (item, None))
                }
                _ => None,
            };
            match next {
                Some(next) => deepest = next,
                None => break,
            }
        }
        deepest
    }

    /// Returns the JSON type of the value, with an article, for messages.
    pub fn type_name(&self) -> &'static str {
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
    /// Creates an entry whose key has the span of its value.
    pub fn new(key: impl Into<Cow<'a, str>>, value: Node<'a>) -> Self {
        Self { key: key.into(), key_span: value.span, value }
    }

    /// Returns the same entry with strings borrowed from this one.
    pub fn reborrow(&self) -> NodeEntry<'_> {
        NodeEntry { key: Cow::Borrowed(&self.key), key_span: self.key_span, value: self.value.reborrow() }
    }
}
