//! Items: headings whose own text starts with field lines, and their siblings; and the tables of a document.

use std::collections::HashSet;

use super::blocks::Block;
use super::fields::{self, Labelled};
use super::nodes::{Grid, ListItem, Node, NodeKind};
use super::outline::{Ids, Outline, Section};
use crate::text::{Data, Entry, Span, Tree, slug};

/// One entry of a list of things.
#[derive(Clone, Debug)]
pub struct Item {
    /// Its section, by index.
    pub section: usize,
    /// Its fields in order.
    pub fields: Vec<Field>,
    /// The lists under its heading that no label takes.
    pub list: Vec<Tree>,
}

/// A field with its value.
#[derive(Clone, Debug)]
pub struct Field {
    /// Slug of the label; one that repeats gets `_2`.
    pub id: String,
    /// Where the label stands.
    pub label: Span,
    /// The emoji that led the value.
    pub icon: Option<String>,
    /// The value.
    pub value: Tree,
}

/// A table outside AUTO blocks.
#[derive(Clone, Debug)]
pub struct Table {
    /// Where it stands.
    pub span: Span,
    /// The section it stands in, by index.
    pub section: Option<usize>,
    /// Its header and rows.
    pub grid: Grid,
}

/// Finds the items. A section is one if its own text starts with a field line, or a sibling's does.
pub fn items(text: &str, nodes: &[Node], outline: &Outline, blocks: &[Block]) -> Vec<Item> {
    let sections = &outline.sections;
    let starts: Vec<bool> =
        sections.iter().map(|section| starts_with_fields(text, &nodes[section.own.clone()])).collect();
    let kin = |section: &Section| (section.within.last().copied(), section.level);
    let families: HashSet<_> =
        sections.iter().zip(&starts).filter(|(_, starts)| **starts).map(|(section, _)| kin(section)).collect();
    let is_item = |section: &Section| families.contains(&kin(section));
    let found = sections.iter().enumerate().filter(|(_, section)| is_item(section));
    found.map(|(index, section)| read_item(text, nodes, index, section, blocks)).collect()
}

fn starts_with_fields(text: &str, own: &[Node]) -> bool {
    let first = own.iter().find(|node| !matches!(node.kind, NodeKind::Html));
    first.is_some_and(|node| {
        matches!(node.kind, NodeKind::Paragraph) && !fields::of_line(text, first_line(text, node.span)).is_empty()
    })
}

fn first_line(text: &str, span: Span) -> Span {
    let length = span.slice(text).find(['\n', '\r']).unwrap_or(span.len());
    Span::new(span.start, span.start + length)
}

/// What the reading of one item has gathered so far.
struct Reader<'t> {
    text: &'t str,
    ids: Ids,
    fields: Vec<Field>,
    list: Vec<Tree>,
    /// A label that waits for its value.
    waiting: Option<Labelled>,
}

fn read_item(text: &str, nodes: &[Node], index: usize, section: &Section, blocks: &[Block]) -> Item {
    let mut reader = Reader { text, ids: Ids::default(), fields: Vec::new(), list: Vec::new(), waiting: None };
    let first = blocks.partition_point(|block| block.opener.start < section.heading.start);
    let mut blocks = blocks[first..]
        .iter()
        .take_while(|block| block.section == Some(index))
        .filter(|block| block.closer.is_some())
        .peekable();
    for node in &nodes[section.own.clone()] {
        while let Some(block) = blocks.next_if(|block| block.opener.start <= node.span.start) {
            reader.block(block);
        }
        reader.node(node);
    }
    for block in blocks {
        reader.block(block);
    }
    Item { section: index, fields: reader.fields, list: reader.list }
}

impl Reader<'_> {
    fn node(&mut self, node: &Node) {
        let value = match &node.kind {
            NodeKind::Html => return,
            NodeKind::Paragraph => {
                self.waiting = None;
                return self.paragraph(node.span);
            }
            NodeKind::List(items) => {
                let list = list_tree(items);
                if self.waiting.is_none() {
                    self.list.extend(list);
                    return;
                }
                Data::List(list)
            }
            NodeKind::Table(grid) => Data::Map(grid_entries(node.span, grid)),
            NodeKind::Code { language, code } => Data::Map(vec![
                entry("language", Tree::text(node.span, language.as_str())),
                entry("code", Tree::text(node.span, code.as_str())),
            ]),
            NodeKind::Heading { .. } | NodeKind::Other => {
                self.waiting = None;
                return;
            }
        };
        self.settle(Tree::new(node.span, value));
    }

    fn block(&mut self, block: &Block) {
        let name = Tree::text(block.opener, block.name.as_str());
        let value = Data::Map(vec![entry("block", name)]);
        self.settle(Tree::new(block.opener, value));
    }

    /// Gives a value to the label that waits for one.
    fn settle(&mut self, value: Tree) {
        if let Some(label) = self.waiting.take() {
            self.push(&label, None, value);
        }
    }

    fn paragraph(&mut self, span: Span) {
        let mut at = span.start;
        let mut open: Option<Labelled> = None;
        for raw in span.slice(self.text).split_inclusive(['\n', '\r']) {
            let line = Span::new(at, at + raw.len());
            at = line.end;
            let mut fields = fields::of_line(self.text, line);
            match fields.pop() {
                Some(last) => {
                    for field in open.take().into_iter().chain(fields) {
                        self.close(&field);
                    }
                    open = Some(last);
                }
                // Text below a field goes on with its value.
                None => {
                    if let Some(field) = &mut open {
                        let more = line.trimmed(self.text);
                        let start = if field.value.is_empty() { more.start } else { field.value.start };
                        field.value = Span::new(start, more.end.max(start));
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
            let (icon, value) = fields::value(self.text, field.value);
            self.push(field, icon, value);
        }
    }

    fn push(&mut self, label: &Labelled, icon: Option<String>, value: Tree) {
        self.fields.push(Field { id: self.ids.unique(slug(&label.label)), label: label.label_span, icon, value });
    }
}

/// Entries of a list: a text, or a mapping where the entry is a task or has entries of its own.
pub fn list_tree(items: &[ListItem]) -> Vec<Tree> {
    items.iter().map(list_item).collect()
}

fn list_item(item: &ListItem) -> Tree {
    if item.done.is_none() && item.children.is_empty() {
        return Tree::text(item.span, item.text.as_str());
    }
    let mut entries = vec![entry("text", Tree::text(item.span, item.text.as_str()))];
    if let Some(done) = item.done {
        entries.push(entry("done", Tree::new(item.span, Data::Bool(done))));
    }
    if !item.children.is_empty() {
        let children = Data::List(list_tree(&item.children));
        entries.push(entry("list", Tree::new(item.span, children)));
    }
    Tree::new(item.span, Data::Map(entries))
}

/// An entry whose key has the place of its value.
pub fn entry(key: &str, value: Tree) -> Entry {
    Entry { key: key.to_owned(), key_span: value.span, value }
}

/// A table as `header` and `rows`, each row a mapping by the header's cells.
pub fn grid_entries(span: Span, grid: &Grid) -> Vec<Entry> {
    let mut seen: Vec<String> = Vec::new();
    for cell in &grid.header {
        let name = fields::plain(cell);
        let count = seen.iter().filter(|other| **other == name).count();
        seen.push(if count == 0 { name } else { format!("{name}_{}", count + 1) });
    }
    let rows = grid.rows.iter().map(|row| {
        let cells = seen.iter().enumerate().map(|(index, name)| {
            let (place, text) = row.get(index).map_or((span, ""), |(place, text)| (*place, text));
            Entry { key: name.clone(), key_span: place, value: Tree::text(place, text) }
        });
        let place = row.first().map_or(span, |(place, _)| *place);
        Tree::new(place, Data::Map(cells.collect()))
    });
    let rows = Data::List(rows.collect());
    vec![entry("header", Tree::texts(span, seen.iter().map(String::as_str))), entry("rows", Tree::new(span, rows))]
}

/// The tables outside AUTO blocks.
pub fn tables(nodes: &[Node], outline: &Outline) -> Vec<Table> {
    let found = nodes.iter().filter_map(|node| {
        let NodeKind::Table(grid) = &node.kind else {
            return None;
        };
        Some(Table { span: node.span, section: outline.nearest(node.span.start), grid: grid.clone() })
    });
    found.collect()
}
