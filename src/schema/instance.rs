//! Adapter that lets the validator read a document tree without a conversion to JSON.

use std::borrow::Cow;

use jsonschema::JsonType;
use jsonschema::json::{Array, Json, Node, NodeIdentity, Object};
use serde_json::{Number, Value};

use crate::text::{Node as TextNode, NodeData, NodeEntry, Span};

/// Representation of JSON values as [`TextNode`] for the validator.
#[derive(Debug)]
pub struct Instance;

impl Json for Instance {
    type Node<'a> = &'a TextNode<'a>;
    type PreparedKey = String;
    type StringBuffer = ();

    // A mapping is a list of entries, so that a lookup is a linear search.
    const KEYS_PER_LOOKUP: usize = 2;
    const ACYCLIC: bool = true;

    fn prepare_key(key: &str) -> String {
        key.to_owned()
    }

    fn with_string_node<T>((): &mut (), string: &str, f: impl FnOnce(Self::Node<'_>) -> T) -> T {
        f(&TextNode::text(Span::default(), string))
    }
}

impl<'a> Node<'a, Instance> for &'a TextNode<'a> {
    type Object = &'a [NodeEntry<'a>];
    type Array = &'a [TextNode<'a>];
    type Number = &'a Number;

    fn as_object(&self) -> Option<&'a [NodeEntry<'a>]> {
        match &self.data {
            NodeData::Map(entries) => Some(entries),
            _ => None,
        }
    }

    fn as_array(&self) -> Option<&'a [TextNode<'a>]> {
        match &self.data {
            NodeData::List(items) => Some(items),
            _ => None,
        }
    }

    fn as_string(&self) -> Option<Cow<'a, str>> {
        match &self.data {
            NodeData::Text(text) => Some(Cow::Borrowed(text)),
            _ => None,
        }
    }

    fn as_number(&self) -> Option<&'a Number> {
        match &self.data {
            NodeData::Number(number) => Some(number),
            _ => None,
        }
    }

    fn as_boolean(&self) -> Option<bool> {
        match self.data {
            NodeData::Bool(value) => Some(value),
            _ => None,
        }
    }

    fn is_null(&self) -> bool {
        matches!(self.data, NodeData::Null)
    }

    fn json_type(&self) -> JsonType {
        match self.data {
            NodeData::Null => JsonType::Null,
            NodeData::Bool(_) => JsonType::Boolean,
            NodeData::Number(_) => JsonType::Number,
            NodeData::Text(_) => JsonType::String,
            NodeData::List(_) => JsonType::Array,
            NodeData::Map(_) => JsonType::Object,
        }
    }

    fn equals_value(&self, expected: &Value) -> bool {
        match (&self.data, expected) {
            (NodeData::Text(text), Value::String(expected)) => text == expected,
            (NodeData::Text(_), _) => false,
            _ => jsonschema::json::cmp::equal(&self.to_json(), expected),
        }
    }

    fn to_value(&self) -> Cow<'a, Value> {
        Cow::Owned(self.to_json())
    }

    fn identity(&self) -> Option<NodeIdentity> {
        Some(NodeIdentity::new(std::ptr::from_ref::<TextNode<'_>>(self).addr()))
    }
}

impl<'a> Object<'a, Instance> for &'a [NodeEntry<'a>] {
    type Node = &'a TextNode<'a>;
    type MemberName = &'a str;
    type MembersIter =
        std::iter::Map<std::slice::Iter<'a, NodeEntry<'a>>, fn(&'a NodeEntry<'a>) -> (&'a str, &'a TextNode<'a>)>;

    fn len(&self) -> usize {
        <[NodeEntry<'a>]>::len(self)
    }

    fn get(&self, key: &String) -> Option<&'a TextNode<'a>> {
        self.iter().find(|entry| entry.key == *key).map(|entry| &entry.value)
    }

    fn members(&self) -> Self::MembersIter {
        self.iter().map(|entry| (entry.key.as_ref(), &entry.value))
    }
}

impl<'a> Array<'a, Instance> for &'a [TextNode<'a>] {
    type Node = &'a TextNode<'a>;
    type ElementsIter = std::slice::Iter<'a, TextNode<'a>>;

    fn len(&self) -> usize {
        <[TextNode<'a>]>::len(self)
    }

    fn elements(&self) -> Self::ElementsIter {
        self.iter()
    }
}
