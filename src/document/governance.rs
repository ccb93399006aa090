//! Governance block: its keys, and the values that phx uses.

use chrono::{DateTime, Utc};

use super::dialect::Dialect;
use super::values;
use crate::text::{Node, NodeData, NodeEntry, Span};

/// Type of the value of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyType {
    Uuid,
    /// RFC 3339.
    Time,
    /// Schema version, such as `v1.0`.
    Version,
    List,
    /// Two or more words in upper snake case.
    Group,
    /// Non-negative integer.
    Number,
    Text,
}

#[derive(Debug)]
pub struct GovernanceKey {
    pub name: &'static str,
    pub key_type: KeyType,
    pub required: bool,
}

const fn key(name: &'static str, key_type: KeyType, required: bool) -> GovernanceKey {
    GovernanceKey { name, key_type, required }
}

/// All keys, in the order in which documents write them. A test verifies that the governance schema defines the same
/// keys.
pub const KEYS: &[GovernanceKey] = &[
    key("correlation_id", KeyType::Uuid, true),
    key("last_updated", KeyType::Time, true),
    key("update_required_by", KeyType::Time, true),
    key("validation_schema", KeyType::Version, true),
    key("auto_sections", KeyType::List, true),
    key("manual_sections", KeyType::List, true),
    key("phase_group", KeyType::Group, true),
    key("phase_number", KeyType::Number, true),
    key("sources", KeyType::List, false),
    key("owner", KeyType::Text, false),
    key("kind", KeyType::Text, false),
];

/// Value with its source span.
#[derive(Clone, Debug, PartialEq)]
pub struct Spanned<T> {
    pub span: Span,
    pub value: T,
}

/// Time in the front matter.
pub type Time = Spanned<DateTime<Utc>>;

/// Declared name: an entry of `auto_sections` or `manual_sections`.
pub type Declared = Spanned<String>;

/// Maximum number of `*` in a glob of `sources`.
const MAX_STARS: usize = 12;

#[derive(Clone, Debug, Default)]
pub struct Governance {
    /// Block with canonical key names; `None` if it is missing or cannot be parsed.
    pub tree: Option<Node<'static>>,
    /// Span of the key of the block; span of the opening line if the front matter is flat or has no such key.
    pub key_span: Span,
    /// Time of the last update.
    pub last_updated: Option<Time>,
    /// Deadline for the next update.
    pub update_required_by: Option<Time>,
    pub validation_schema: Option<Spanned<String>>,
    /// Declared AUTO blocks.
    pub auto_sections: Vec<Declared>,
    /// Declared MANUAL sections.
    pub manual_sections: Vec<Declared>,
    pub kind: Option<Spanned<String>>,
}

impl Governance {
    /// Reads the block from the mapping of the front matter. `key_span` is the span of the opening line.
    pub fn read(front: &Node<'static>, key_span: Span, dialect: &Dialect) -> Self {
        let (tree, key_span) = if dialect.root.is_empty() {
            (Some(flat(front, dialect)), key_span)
        } else {
            match front.entry(&dialect.root) {
                Some(entry) => (Some(nested(&entry.value, dialect)), entry.key_span),
                None => (None, key_span),
            }
        };
        let Some(tree) = tree else {
            return Self { key_span, ..Self::default() };
        };
        Self {
            key_span,
            last_updated: time(&tree, "last_updated"),
            update_required_by: time(&tree, "update_required_by"),
            validation_schema: text(&tree, "validation_schema"),
            auto_sections: names(&tree, "auto_sections"),
            manual_sections: names(&tree, "manual_sections"),
            kind: text(&tree, "kind"),
            tree: Some(tree),
        }
    }

    /// Returns the time of the last update and the deadline, if both are present.
    pub fn stamp(&self) -> Option<(&Time, &Time)> {
        self.last_updated.as_ref().zip(self.update_required_by.as_ref())
    }

    /// Returns the globs of the source files, relative to the root.
    ///
    /// `**/**/` is replaced with the equivalent `**/`, and globs with more than `MAX_STARS` `*` are omitted, because
    /// Git needs minutes to evaluate them; the schema rejects such globs.
    pub fn sources(&self) -> Vec<String> {
        let named = self.entry("sources").map(|entry| entry.value.items()).unwrap_or_default();
        let globs = named.iter().filter_map(|source| source.as_text()).map(|glob| {
            let mut glob = glob.to_owned();
            while glob.contains("**/**/") {
                glob = glob.replace("**/**/", "**/");
            }
            glob
        });
        globs.filter(|glob| glob.matches('*').count() <= MAX_STARS).collect()
    }

    /// Returns the UUID of the operation that last stamped the document.
    pub fn correlation_id(&self) -> Option<Spanned<&str>> {
        let value = &self.entry("correlation_id")?.value;
        Some(Spanned { span: value.span, value: value.as_text()? })
    }

    /// Returns the entry of a canonical key.
    pub fn entry(&self, key: &str) -> Option<&NodeEntry<'static>> {
        self.tree.as_ref()?.entry(key)
    }
}

fn nested(block: &Node<'static>, dialect: &Dialect) -> Node<'static> {
    let NodeData::Map(entries) = &block.data else {
        return block.clone();
    };
    let renamed = entries.iter().map(|entry| renamed(entry, dialect));
    Node::new(block.span, NodeData::Map(renamed.collect()))
}

/// Builds the block from a flat front matter, in which only the keys in [`KEYS`] belong to it.
fn flat(front: &Node<'static>, dialect: &Dialect) -> Node<'static> {
    let known_entries = front
        .entries()
        .iter()
        .map(|entry| renamed(entry, dialect))
        .filter(|entry| KEYS.iter().any(|key| key.name == entry.key));
    Node::new(front.span, NodeData::Map(known_entries.collect()))
}

fn renamed(entry: &NodeEntry<'static>, dialect: &Dialect) -> NodeEntry<'static> {
    NodeEntry { key: dialect.canonical(&entry.key).to_owned().into(), ..entry.clone() }
}

fn time(tree: &Node<'_>, key: &str) -> Option<Time> {
    let value = tree.get(key)?;
    Some(Spanned { span: value.span, value: values::timestamp(value.as_text()?)? })
}

fn text(tree: &Node<'_>, key: &str) -> Option<Spanned<String>> {
    let value = tree.get(key)?;
    Some(Spanned { span: value.span, value: value.as_text()?.to_owned() })
}

fn names(tree: &Node<'_>, key: &str) -> Vec<Declared> {
    let items = tree.get(key).map_or(&[][..], Node::items);
    let named = items.iter().filter_map(|item| Some(Spanned { span: item.span, value: item.as_text()?.to_owned() }));
    named.collect()
}
