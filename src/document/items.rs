//! Items: headings whose own text starts with field lines, and their siblings; and the tables of a document.

use std::sync::Arc;

use super::blocks::Block;
use super::fields::{self, Labelled};
use super::nodes::{Node, NodeKind};
use super::outline::{Ids, Outline, Section};
use crate::text::{Span, lines, slug};

/// One entry of a list of things.
#[derive(Clone, Debug)]
pub struct Item {
    /// Its section, by index.
    pub section: usize,
    /// Its fields in order.
    pub fields: Vec<Field>,
    /// The lists under its heading that no label takes, as indices of nodes.
    pub lists: Vec<usize>,
}

/// A field with its value.
#[derive(Clone, Debug)]
pub struct Field {
    /// Slug of the label; one that repeats gets `_2`.
    pub id: Arc<str>,
    /// Where the label stands.
    pub label: Span,
    /// The value.
    pub value: FieldValue,
}

/// The value of a field: what stands beside its label, or what follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldValue {
    /// Text at a place.
    Text(Span),
    /// A list, a table or code: the index of the node.
    Node(usize),
    /// An AUTO block, by index.
    Block(usize),
}

/// A table outside AUTO blocks.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// Its node, by index.
    pub node: usize,
    /// Where it stands.
    pub span: Span,
    /// The section it stands in, by index.
    pub section: Option<usize>,
}

/// Finds the items. A section is one if its own text starts with a field line, or a sibling's does.
pub fn items(text: &str, nodes: &[Node], outline: &Outline, blocks: &[Block]) -> Vec<Item> {
    let sections = &outline.sections;
    let starts: Vec<bool> =
        sections.iter().map(|section| starts_with_fields(text, &nodes[section.own.clone()])).collect();
    let kin = |section: &Section| (section.within.last().copied(), section.level);
    let pairs = sections.iter().zip(&starts).filter(|(_, starts)| **starts);
    let mut families: Vec<_> = pairs.map(|(section, _)| kin(section)).collect();
    families.sort_unstable();
    families.dedup();
    let is_item = |section: &Section| families.binary_search(&kin(section)).is_ok();
    let found = sections.iter().enumerate().filter(|(_, section)| is_item(section));
    let mut labels = Labels::default();
    found.map(|(index, section)| read_item(text, nodes, index, section, blocks, &mut labels)).collect()
}

fn starts_with_fields(text: &str, own: &[Node]) -> bool {
    let first = own.iter().find(|node| !matches!(node.kind, NodeKind::Html));
    first.is_some_and(|node| matches!(node.kind, NodeKind::Paragraph) && fields::starts(text, node.span))
}

/// The ids of labels: most items of a document bear the same few.
#[derive(Default)]
struct Labels<'t> {
    known: Vec<(&'t str, Arc<str>)>,
}

impl<'t> Labels<'t> {
    /// How many labels are remembered.
    const REMEMBERED: usize = 32;

    fn id(&mut self, label: &'t str) -> Arc<str> {
        if let Some((_, id)) = self.known.iter().find(|(known, _)| *known == label) {
            return Arc::clone(id);
        }
        let id = slug(label);
        let id: Arc<str> = if id.is_empty() { "section".into() } else { id.into() };
        if self.known.len() < Self::REMEMBERED {
            self.known.push((label, Arc::clone(&id)));
        }
        id
    }
}

/// What the reading of one item has gathered so far.
struct Reader<'t, 'l> {
    text: &'t str,
    labels: &'l mut Labels<'t>,
    /// What gives out ids once one repeats, or there are many.
    ids: Option<Ids>,
    fields: Vec<Field>,
    lists: Vec<usize>,
    /// A label that waits for its value.
    waiting: Option<Labelled>,
}

fn read_item<'t>(
    text: &'t str,
    nodes: &[Node],
    index: usize,
    section: &Section,
    blocks: &[Block],
    labels: &mut Labels<'t>,
) -> Item {
    let mut reader = Reader { text, labels, ids: None, fields: Vec::new(), lists: Vec::new(), waiting: None };
    let first = blocks.partition_point(|block| block.opener.start < section.heading.start);
    let mut blocks = (first..blocks.len())
        .take_while(|at| blocks[*at].section == Some(index))
        .filter(|at| blocks[*at].closer.is_some())
        .map(|at| (at, blocks[at].opener.start))
        .peekable();
    for at in section.own.clone() {
        let node = &nodes[at];
        while let Some((block, _)) = blocks.next_if(|(_, start)| *start <= node.span.start) {
            reader.settle(FieldValue::Block(block));
        }
        reader.node(at, node);
    }
    for (block, _) in blocks {
        reader.settle(FieldValue::Block(block));
    }
    Item { section: index, fields: reader.fields, lists: reader.lists }
}

impl Reader<'_, '_> {
    fn node(&mut self, index: usize, node: &Node) {
        match &node.kind {
            NodeKind::Html => {}
            NodeKind::Paragraph => {
                self.waiting = None;
                self.paragraph(node.span);
            }
            NodeKind::List(_) if self.waiting.is_none() => self.lists.push(index),
            NodeKind::List(_) | NodeKind::Table(_) | NodeKind::Code { .. } => self.settle(FieldValue::Node(index)),
            NodeKind::Heading { .. } | NodeKind::Other => self.waiting = None,
        }
    }

    /// Gives a value to the label that waits for one.
    fn settle(&mut self, value: FieldValue) {
        if let Some(label) = self.waiting.take() {
            self.push(&label, value);
        }
    }

    fn paragraph(&mut self, span: Span) {
        let mut open: Option<Labelled> = None;
        let mut below = false;
        for line in lines::of(self.text, span) {
            let mut fields = fields::of_line(self.text, line);
            match fields.pop() {
                Some(last) => {
                    for field in open.take().into_iter().chain(fields) {
                        self.close(&field);
                    }
                    open = Some(last);
                    below = false;
                }
                // Text below a label is its value where none stands beside it.
                None => {
                    if let Some(field) = &mut open
                        && (field.value.is_empty() || below)
                    {
                        let more = line.trimmed(self.text);
                        let start = if field.value.is_empty() { more.start } else { field.value.start };
                        field.value = Span::new(start, more.end.max(start));
                        below = true;
                    }
                }
            }
        }
        if let Some(field) = open {
            if field.value.is_empty() {
                self.waiting = Some(field);
            } else {
                self.close(&field);
            }
        }
    }

    fn close(&mut self, field: &Labelled) {
        if !field.value.is_empty() {
            self.push(field, FieldValue::Text(field.value));
        }
    }

    fn push(&mut self, label: &Labelled, value: FieldValue) {
        let id = self.labels.id(label.label.slice(self.text));
        let id = self.unique(id);
        self.fields.push(Field { id, label: label.label, value });
    }

    /// The id itself if no field of the item bears it, else with a number behind.
    fn unique(&mut self, id: Arc<str>) -> Arc<str> {
        const FEW: usize = 24;
        if self.ids.is_none() {
            if self.fields.len() < FEW && self.fields.iter().all(|field| field.id != id) {
                return id;
            }
            let mut ids = Ids::default();
            for field in &self.fields {
                ids.unique(field.id.to_string());
            }
            self.ids = Some(ids);
        }
        self.ids.as_mut().map_or(Arc::clone(&id), |ids| ids.unique(id.to_string()).into())
    }
}

/// The tables outside AUTO blocks.
pub fn tables(nodes: &[Node], outline: &Outline) -> Vec<Table> {
    let tables = nodes.iter().enumerate().filter(|(_, node)| matches!(node.kind, NodeKind::Table(_)));
    let table = |(index, node): (usize, &Node)| Table {
        node: index,
        span: node.span,
        section: outline.nearest(node.span.start),
    };
    tables.map(table).collect()
}
