//! Items: headings with fields and rows of tables of items; and the tables of a document.

use std::sync::Arc;

use super::Document;
use super::blocks::Block;
use super::counted;
use super::field_ids::{FieldReading, Labels};
use super::nodes::{MarkdownNode, MarkdownNodeKind};
use super::outline::{Ids, Outline, Section, Title};
use super::reader;
use super::reading::ReadProblem;
use super::shape::Shape;
use crate::document::nodes::ListItem;
use crate::text::Span;

/// One item.
#[derive(Clone, Debug)]
pub struct Item {
    /// The heading or table row that it is.
    pub place: ValueLocation,
    /// Its fields in order.
    pub fields: Vec<Field>,
    /// Lists under its heading that are not the value of a field, as indices of nodes.
    pub lists: Vec<usize>,
    /// Whether it is in a section whose items count.
    pub counted: bool,
}

/// The heading or table row that is an item.
#[derive(Clone, Debug)]
pub enum ValueLocation {
    /// A section, by index.
    Section(usize),
    /// A row of a table.
    Row(Box<ItemRow>),
}

/// A row of a table of items.
#[derive(Clone, Debug)]
pub struct ItemRow {
    /// The section that contains the table, by index.
    pub section: usize,
    /// Slug of the title, unique in the document.
    pub id: String,
    /// The title.
    pub title: Title,
    /// The cell of the title.
    pub span: Span,
}

/// A field with its value.
#[derive(Clone, Debug)]
pub struct Field {
    /// Id of the known field, else slug of the label; a repeated one gets `_2`.
    pub id: Arc<str>,
    /// Span of the label.
    pub label: Span,
    /// The value.
    pub value: FieldValue,
}

/// The value of a field: the text next to its label, or what follows it.
#[derive(Clone, Debug)]
pub enum FieldValue {
    /// A text.
    Text(Span),
    /// A list, a table or code: the index of the node.
    MarkdownNode(usize),
    /// Entries below a label that is an entry of a list itself.
    List(Vec<ListItem>),
    /// An AUTO block, by index.
    Block(usize),
}

impl FieldValue {
    /// The part of the document that it is; `None` for a list without entries.
    pub fn span(&self, document: &Document) -> Option<Span> {
        Some(match self {
            Self::Text(span) => *span,
            Self::MarkdownNode(index) => document.nodes[*index].span,
            Self::Block(index) => document.blocks[*index].body,
            Self::List(entries) => Span::new(entries.first()?.span.start, entries.last()?.end()),
        })
    }
}

/// A table outside AUTO blocks.
#[derive(Clone, Copy, Debug)]
pub struct ItemTable {
    /// Its node, by index.
    pub node: usize,
    /// Its span.
    pub span: Span,
    /// The section that contains it, by index.
    pub section: Option<usize>,
}

impl Item {
    /// The section of an item that is a heading.
    pub fn section(&self) -> Option<usize> {
        match self.place {
            ValueLocation::Section(section) => Some(section),
            ValueLocation::Row(_) => None,
        }
    }

    /// The title without its number, emoji and state.
    pub fn title<'a>(&'a self, outline: &'a Outline) -> &'a Title {
        match &self.place {
            ValueLocation::Section(section) => &outline.sections[*section].title,
            ValueLocation::Row(row) => &row.title,
        }
    }

    /// The id.
    pub fn id<'a>(&'a self, outline: &'a Outline) -> &'a str {
        match &self.place {
            ValueLocation::Section(section) => &outline.sections[*section].id,
            ValueLocation::Row(row) => &row.id,
        }
    }

    /// The heading, or the cell of the title.
    pub fn span(&self, outline: &Outline) -> Span {
        match &self.place {
            ValueLocation::Section(section) => outline.sections[*section].heading,
            ValueLocation::Row(row) => row.span,
        }
    }

    /// The sections that contain it, outermost first.
    pub fn within(&self, outline: &Outline) -> Vec<usize> {
        match &self.place {
            ValueLocation::Section(section) => outline.sections[*section].within.clone(),
            ValueLocation::Row(row) => {
                let mut within = outline.sections[row.section].within.clone();
                within.push(row.section);
                within
            }
        }
    }

    /// The field of an id.
    pub fn field(&self, id: &str) -> Option<&Field> {
        self.fields.iter().find(|field| *field.id == *id)
    }
}

/// Input of the search for items.
#[derive(Clone, Copy)]
pub(super) struct ItemSource<'a> {
    pub(super) text: &'a str,
    pub(super) nodes: &'a [MarkdownNode],
    pub(super) outline: &'a Outline,
    pub(super) blocks: &'a [Block],
    pub(super) shape: &'a Shape,
}

/// Finds the items, and what looks like one and cannot be read.
///
/// In sections whose items count, [`counted`] decides. Elsewhere a section is an item if its own text starts with a
/// field, or that of a sibling does, or if it has a field that the kind knows.
pub(super) fn items(source: ItemSource<'_>) -> (Vec<Item>, Vec<ReadProblem>) {
    let sections = &source.outline.sections;
    let mut labels = Labels::new(source.shape);
    let mut readings: Vec<FieldReading> =
        (0..sections.len()).map(|index| reader::section(source, index, &mut labels)).collect();
    let counted = counted::find(source, &readings, &mut labels);
    let kin = |section: &Section| (section.within.last().copied(), section.level);
    let outside = |index: &usize| !counted.covered[*index];
    let starts = |index: &usize| outside(index) && readings[*index].starts_with_field;
    let mut families: Vec<_> = (0..sections.len()).filter(starts).map(|index| kin(&sections[index])).collect();
    families.sort_unstable();
    families.dedup();
    let mut items = counted.rows;
    for (index, section) in sections.iter().enumerate() {
        let is_item = if counted.covered[index] {
            counted.sections[index]
        } else {
            readings[index].known > 0 || families.binary_search(&kin(section)).is_ok()
        };
        if is_item {
            let reading = std::mem::take(&mut readings[index]);
            items.push(Item {
                place: ValueLocation::Section(index),
                fields: reading.fields,
                lists: reading.lists,
                counted: counted.covered[index],
            });
        }
    }
    items.sort_by_key(|item| item.span(source.outline).start);
    (items, counted.problems)
}

/// The tables outside AUTO blocks.
pub fn tables(nodes: &[MarkdownNode], outline: &Outline) -> Vec<ItemTable> {
    let tables = nodes.iter().enumerate().filter(|(_, node)| matches!(node.kind, MarkdownNodeKind::Table(_)));
    let table = |(index, node): (usize, &MarkdownNode)| ItemTable {
        node: index,
        span: node.span,
        section: outline.nearest(node.span.start),
    };
    tables.map(table).collect()
}

/// Ids that no section has, for rows of tables.
pub(super) fn row_ids(outline: &Outline) -> Ids {
    let mut ids = Ids::default();
    for section in &outline.sections {
        ids.unique(section.id.clone());
    }
    ids
}
