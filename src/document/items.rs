//! Items (headings with fields, and rows of item tables) and the tables of a document.

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

#[derive(Clone, Debug)]
pub struct Item {
    /// Heading or table row of the item.
    pub place: ValueLocation,
    /// Fields in order.
    pub fields: Vec<Field>,
    /// Node indices of the lists under its heading that are not the value of a field.
    pub lists: Vec<usize>,
    /// Whether it is in a counted section.
    pub counted: bool,
}

/// Heading or table row of an item.
#[derive(Clone, Debug)]
pub enum ValueLocation {
    /// Index of a section.
    Section(usize),
    Row(Box<ItemRow>),
}

#[derive(Clone, Debug)]
pub struct ItemRow {
    /// Index of the section that contains the table.
    pub section: usize,
    /// Slug of the title, unique in the document.
    pub id: String,
    pub title: Title,
    /// Span of the title cell.
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct Field {
    /// Id of the known field, or slug of the label if it is unknown; repeated ids get `_2`, `_3`, ….
    pub id: Arc<str>,
    pub label: Span,
    pub value: FieldValue,
}

/// Value of a field: the text next to its label, or the element after it.
#[derive(Clone, Debug)]
pub enum FieldValue {
    Text(Span),
    /// Node index of a list, table or code block.
    MarkdownNode(usize),
    /// Entries nested below a label that is itself a list entry.
    List(Vec<ListItem>),
    /// Index of an AUTO block.
    Block(usize),
}

impl FieldValue {
    /// Returns the span of the value; `None` for a list without entries.
    pub fn span(&self, document: &Document) -> Option<Span> {
        Some(match self {
            Self::Text(span) => *span,
            Self::MarkdownNode(index) => document.nodes[*index].span,
            Self::Block(index) => document.blocks[*index].body,
            Self::List(entries) => Span::new(entries.first()?.span.start, entries.last()?.end()),
        })
    }
}

/// Table outside AUTO blocks.
#[derive(Clone, Copy, Debug)]
pub struct ItemTable {
    /// Index of its node.
    pub node: usize,
    pub span: Span,
    /// Index of the section that contains it.
    pub section: Option<usize>,
}

impl Item {
    /// Returns the index of the section if the item is a heading.
    pub fn section(&self) -> Option<usize> {
        match self.place {
            ValueLocation::Section(section) => Some(section),
            ValueLocation::Row(_) => None,
        }
    }

    /// Returns the title without number, emoji and state.
    pub fn title<'a>(&'a self, outline: &'a Outline) -> &'a Title {
        match &self.place {
            ValueLocation::Section(section) => &outline.sections[*section].title,
            ValueLocation::Row(row) => &row.title,
        }
    }

    pub fn id<'a>(&'a self, outline: &'a Outline) -> &'a str {
        match &self.place {
            ValueLocation::Section(section) => &outline.sections[*section].id,
            ValueLocation::Row(row) => &row.id,
        }
    }

    /// Returns the span of the heading or of the title cell.
    pub fn span(&self, outline: &Outline) -> Span {
        match &self.place {
            ValueLocation::Section(section) => outline.sections[*section].heading,
            ValueLocation::Row(row) => row.span,
        }
    }

    /// Returns the indices of the sections that contain it, outermost first.
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

    /// Returns the field with an id.
    pub fn field(&self, id: &str) -> Option<&Field> {
        self.fields.iter().find(|field| *field.id == *id)
    }
}

#[derive(Clone, Copy)]
pub(super) struct ItemSource<'a> {
    pub(super) text: &'a str,
    pub(super) nodes: &'a [MarkdownNode],
    pub(super) outline: &'a Outline,
    pub(super) blocks: &'a [Block],
    pub(super) shape: &'a Shape,
}

/// Returns the items, and a problem for each element that looks like an item but cannot be read.
///
/// In counted sections, [`counted`] decides. Elsewhere a section is an item if its own text or that of a sibling starts
/// with a field, or if it has a field that the kind declares.
pub(super) fn items(source: ItemSource<'_>) -> (Vec<Item>, Vec<ReadProblem>) {
    let sections = &source.outline.sections;
    let mut labels = Labels::new(source.shape);
    let mut readings: Vec<FieldReading> =
        (0..sections.len()).map(|index| reader::section(source, index, &mut labels)).collect();
    let counted = counted::find(source, &readings, &mut labels);
    let siblings_key = |section: &Section| (section.within.last().copied(), section.level);
    let outside = |index: &usize| !counted.covered[*index];
    let starts = |index: &usize| outside(index) && readings[*index].starts_with_field;
    let mut sibling_groups: Vec<_> =
        (0..sections.len()).filter(starts).map(|index| siblings_key(&sections[index])).collect();
    sibling_groups.sort_unstable();
    sibling_groups.dedup();
    let mut items = counted.rows;
    for (index, section) in sections.iter().enumerate() {
        let is_item = if counted.covered[index] {
            counted.sections[index]
        } else {
            readings[index].known > 0 || sibling_groups.binary_search(&siblings_key(section)).is_ok()
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

/// Returns the tables outside AUTO blocks.
pub fn tables(nodes: &[MarkdownNode], outline: &Outline) -> Vec<ItemTable> {
    let tables = nodes.iter().enumerate().filter(|(_, node)| matches!(node.kind, MarkdownNodeKind::Table(_)));
    let table = |(index, node): (usize, &MarkdownNode)| ItemTable {
        node: index,
        span: node.span,
        section: outline.nearest(node.span.start),
    };
    tables.map(table).collect()
}

/// Returns an id generator for table rows in which the ids of all sections are already used.
pub(super) fn row_ids(outline: &Outline) -> Ids {
    let mut ids = Ids::default();
    for section in &outline.sections {
        ids.unique(section.id.clone());
    }
    ids
}
