//! The governance block: its keys, and the values that the program reads.

use chrono::{DateTime, Utc};

use super::dialect::Dialect;
use super::values;
use crate::text::{Node, NodeData, NodeEntry, Span};

/// What the value of a key looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyType {
    /// A UUID.
    Uuid,
    /// A time (RFC 3339).
    Time,
    /// A schema version, as `v1.0`.
    Version,
    /// A list of names.
    List,
    /// Upper snake case, two words or more.
    Group,
    /// A whole number.
    Number,
    /// Any text.
    Text,
}

/// A key of the governance block.
#[derive(Debug)]
pub struct GovernanceKey {
    /// Its name.
    pub name: &'static str,
    /// What its value looks like.
    pub key_type: KeyType,
    /// Whether it must be there.
    pub required: bool,
}

const fn key(name: &'static str, key_type: KeyType, required: bool) -> GovernanceKey {
    GovernanceKey { name, key_type, required }
}

/// All keys, in the order in which documents write them. The governance schema says the same; a test holds
/// the two together.
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

/// A value with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Spanned<T> {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub value: T,
}

/// A time in the front matter.
pub type Time = Spanned<DateTime<Utc>>;

/// A name in `auto_sections` or `manual_sections`.
pub type Declared = Spanned<String>;

/// The most stars of a glob in `sources`.
const STARS: usize = 12;

/// The governance block of one document.
#[derive(Clone, Debug, Default)]
pub struct Governance {
    /// The block under the program's own key names; `None` where there is none that can be read.
    pub tree: Option<Node<'static>>,
    /// Where the key that holds the block stands; the opening line in a flat front matter.
    pub place: Span,
    /// When the document was last updated.
    pub last_updated: Option<Time>,
    /// By when it must be updated again.
    pub update_required_by: Option<Time>,
    /// The version of its schema.
    pub validation_schema: Option<Spanned<String>>,
    /// The AUTO blocks that it declares.
    pub auto_sections: Vec<Declared>,
    /// The MANUAL sections that it declares.
    pub manual_sections: Vec<Declared>,
    /// The kind that it names.
    pub kind: Option<Spanned<String>>,
}

impl Governance {
    /// Reads the block from the front matter's mapping. `place` is the opening line.
    pub fn read(front: &Node<'static>, place: Span, dialect: &Dialect) -> Self {
        let (tree, place) = if dialect.root.is_empty() {
            (Some(flat(front, dialect)), place)
        } else {
            match front.entry(&dialect.root) {
                Some(entry) => (Some(nested(&entry.value, dialect)), entry.key_span),
                None => (None, place),
            }
        };
        let Some(tree) = tree else {
            return Self { place, ..Self::default() };
        };
        Self {
            place,
            last_updated: time(&tree, "last_updated"),
            update_required_by: time(&tree, "update_required_by"),
            validation_schema: text(&tree, "validation_schema"),
            auto_sections: names(&tree, "auto_sections"),
            manual_sections: names(&tree, "manual_sections"),
            kind: text(&tree, "kind"),
            tree: Some(tree),
        }
    }

    /// When the document was updated and by when it must be again, where both are there.
    pub fn stamp(&self) -> Option<(&Time, &Time)> {
        self.last_updated.as_ref().zip(self.update_required_by.as_ref())
    }

    /// The globs of the files that the document describes, from the root.
    /// `**/**/` means what `**/` does, and a glob with many of them takes Git minutes: beyond a few it matches nothing, and the
    /// schema says so.
    pub fn sources(&self) -> Vec<String> {
        let named = self.entry("sources").map(|entry| entry.value.items()).unwrap_or_default();
        let globs = named.iter().filter_map(|source| source.as_text()).map(|glob| {
            let mut glob = glob.to_owned();
            while glob.contains("**/**/") {
                glob = glob.replace("**/**/", "**/");
            }
            glob
        });
        globs.filter(|glob| glob.matches('*').count() <= STARS).collect()
    }

    /// The id of the operation that last stamped the document.
    pub fn correlation_id(&self) -> Option<Spanned<&str>> {
        let value = &self.entry("correlation_id")?.value;
        Some(Spanned { span: value.span, value: value.as_text()? })
    }

    /// The entry of a key, under the program's own name for it.
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

/// In a flat front matter only the program's own keys belong to the block.
fn flat(front: &Node<'static>, dialect: &Dialect) -> Node<'static> {
    let ours = front
        .entries()
        .iter()
        .map(|entry| renamed(entry, dialect))
        .filter(|entry| KEYS.iter().any(|key| key.name == entry.key));
    Node::new(front.span, NodeData::Map(ours.collect()))
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
