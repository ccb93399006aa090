//! Model of a document: one JSON value in which each part has a source span.

use std::borrow::Cow;
use std::collections::HashMap;

use super::Document;
use super::blocks::{Block, BlockMode};
use super::fields;
use super::items::{Field, FieldValue, Item, ItemTable};
use super::nodes::{Grid, ListItem, MarkdownNodeKind, cell};
use super::outline::{Section, Title};
use super::previous;
use crate::text::{Node, NodeData, NodeEntry, Span};

/// Builds the model, as defined in `schemas/model.schema.json`.
pub fn model(document: &Document) -> Node<'_> {
    let builder = ModelBuilder { document, text: &document.text };
    let root = root_span(document);
    let front = document.front.as_ref().map_or(Node::new(root, NodeData::Null), Node::reborrow);
    let key_span = document.governance.key_span;
    let governance = document.governance.tree.as_ref();
    let governance = governance.map_or(Node::new(key_span, NodeData::Null), Node::reborrow);
    let title = document.outline.title.as_ref();
    let title = title.map_or(Node::new(root, NodeData::Null), |(title, span)| Node::text(*span, title.text.as_str()));
    let sections = document.outline.sections.iter().map(|section| builder.section_entry(section));
    let mut end_of_auto = 0;
    let blocks = document.blocks.iter().map(|block| {
        let is_nested = block.opener.start < end_of_auto;
        if block.mode == BlockMode::Auto {
            end_of_auto = end_of_auto.max(block.body.end);
        }
        builder.block(block, is_nested)
    });
    let entries = vec![
        NodeEntry::new("path", Node::text(root, document.path.as_str())),
        NodeEntry::new("kind", Node::text(root, document.shape.kind.as_str())),
        NodeEntry::new("title", title),
        NodeEntry::new("front_matter", front),
        NodeEntry { key: Cow::Borrowed("governance"), key_span, value: governance },
        NodeEntry::new("sections", Node::new(root, NodeData::Map(sections.collect()))),
        list(root, "blocks", blocks),
        list(root, "items", document.items.iter().map(|item| builder.item(item))),
        list(root, "tables", document.tables.iter().map(|table| builder.table(table))),
    ];
    Node::new(root, NodeData::Map(entries))
}

/// Builds the part of the model that the embedded schemas use: no texts, lists, rows and blocks, and fields with null
/// values. Validation of this part must give the same result as validation of the full model; a test compares them.
pub fn outline(document: &Document) -> Node<'_> {
    let builder = ModelBuilder { document, text: &document.text };
    let root = root_span(document);
    let key_span = document.governance.key_span;
    let governance = document.governance.tree.as_ref();
    let governance = governance.map_or(Node::new(key_span, NodeData::Null), Node::reborrow);
    let sections = document.outline.sections.iter().map(|section| {
        let canonical = NodeEntry::new("canonical", Node::text(section.heading, section.canonical.as_str()));
        let value = Node::new(section.heading, NodeData::Map(vec![canonical]));
        NodeEntry::new(section.id.as_str(), value)
    });
    let items = document.items.iter().map(|item| {
        let span = item.span(&document.outline);
        let null = |field: &'_ Field| Node::new(field.label, NodeData::Null);
        let fields = item.fields.iter().map(|field| NodeEntry::new(&*field.id, null(field)));
        let fields = NodeEntry::new("fields", Node::new(span, NodeData::Map(fields.collect())));
        let heading = NodeEntry::new("heading", Node::new(span, NodeData::Bool(item.section().is_some())));
        Node::new(span, NodeData::Map(vec![builder.within(span, &item.within(&document.outline)), heading, fields]))
    });
    let entries = vec![
        NodeEntry::new("governance", governance),
        NodeEntry::new("sections", Node::new(root, NodeData::Map(sections.collect()))),
        list(root, "items", items),
        list(root, "tables", document.tables.iter().map(|table| builder.table(table))),
    ];
    Node::new(root, NodeData::Map(entries))
}

/// Builds the model of an item.
pub fn item<'a>(document: &'a Document, item: &'a Item) -> Node<'a> {
    ModelBuilder { document, text: &document.text }.item(item)
}

/// Builds the model of a table.
pub fn table<'a>(document: &'a Document, table: &ItemTable) -> Node<'a> {
    ModelBuilder { document, text: &document.text }.table(table)
}

/// Builds the model of the value of a field.
pub fn field<'a>(document: &'a Document, field: &'a Field) -> Node<'a> {
    ModelBuilder { document, text: &document.text }.field(field).1
}

/// Returns the entries of a list value; for each task, whether it is done.
pub fn list_entries(document: &Document, value: &FieldValue) -> Vec<(String, Option<bool>)> {
    let items = match value {
        FieldValue::MarkdownNode(index) => match &document.nodes[*index].kind {
            MarkdownNodeKind::List(items) => items.as_slice(),
            _ => &[],
        },
        FieldValue::List(items) => items.as_slice(),
        _ => &[],
    };
    items.iter().map(|item| (item.text(&document.text).into_owned(), item.done)).collect()
}

/// Returns the span for values without their own location: the title, or the first line.
fn root_span(document: &Document) -> Span {
    let first = document.lines.span(&document.text, 1);
    document.outline.title.as_ref().map_or(first, |(_, span)| *span)
}

fn list<'a>(span: Span, key: &'static str, values: impl Iterator<Item = Node<'a>>) -> NodeEntry<'a> {
    NodeEntry::new(key, Node::new(span, NodeData::List(values.collect())))
}

fn text_or_null(span: Span, text: Option<&str>) -> Node<'_> {
    text.map_or(Node::new(span, NodeData::Null), |text| Node::text(span, text))
}

fn number_or_null(span: Span, number: Option<u64>) -> Node<'static> {
    number.map_or(Node::new(span, NodeData::Null), |number| Node::number(span, number))
}

/// Returns the entry `state` if the title has one.
fn state(span: Span, title: &Title) -> Option<NodeEntry<'_>> {
    title.state.as_deref().map(|state| NodeEntry::new("state", Node::text(span, state)))
}

struct ModelBuilder<'a> {
    document: &'a Document,
    text: &'a str,
}

impl<'a> ModelBuilder<'a> {
    fn line(&self, span: Span) -> NodeEntry<'a> {
        NodeEntry::new("line", Node::number(span, self.document.line(span.start)))
    }

    fn section_id(&self, section: usize) -> &'a str {
        &self.document.outline.sections[section].id
    }

    /// Returns the entry `within`: the ids of the enclosing sections, outermost first.
    fn within(&self, span: Span, sections: &[usize]) -> NodeEntry<'a> {
        NodeEntry::new("within", Node::strings(span, sections.iter().map(|section| self.section_id(*section))))
    }

    fn section_entry(&self, section: &'a Section) -> NodeEntry<'a> {
        let span = section.heading;
        let title = &section.title;
        let mut entries = vec![
            NodeEntry::new("title", Node::text(span, title.text.as_str())),
            NodeEntry::new("canonical", Node::text(span, section.canonical.as_str())),
            NodeEntry::new("level", Node::number(span, section.level)),
            self.line(span),
            NodeEntry::new("number", number_or_null(span, title.number)),
            self.within(span, &section.within),
            NodeEntry::new("checklist", Node::new(span, NodeData::List(self.checklist(section)))),
            NodeEntry::new("text", Node::text(section.content, self.section_text(section))),
        ];
        entries.extend(state(span, title));
        let value = Node::new(span, NodeData::Map(entries));
        NodeEntry { key: Cow::Borrowed(&section.id), key_span: span, value }
    }

    /// Returns the tasks below a heading, up to the next heading.
    fn checklist(&self, section: &Section) -> Vec<Node<'a>> {
        let mut tasks = Vec::new();
        for node in &self.document.nodes[section.own.clone()] {
            if let MarkdownNodeKind::List(items) = &node.kind {
                self.tasks(items, &mut tasks);
            }
        }
        tasks
    }

    fn tasks(&self, items: &[ListItem], found: &mut Vec<Node<'a>>) {
        for item in items {
            if let Some(done) = item.done {
                let text = NodeEntry::new("text", Node::text(item.span, item.text(self.text)));
                let done = NodeEntry::new("done", Node::new(item.span, NodeData::Bool(done)));
                found.push(Node::new(item.span, NodeData::Map(vec![text, done])));
            }
            self.tasks(&item.children, found);
        }
    }

    /// Returns the text of a section without AUTO blocks and markers.
    fn section_text(&self, section: &Section) -> Cow<'a, str> {
        let markers = &self.document.markers;
        let Span { start, end } = section.content;
        let first = markers.partition_point(|marker| marker.span.start < start);
        let inside = markers[first..].iter().take_while(|marker| marker.span.start < end);
        let mut at = start;
        let mut text = String::new();
        for marker in inside {
            if marker.line.start >= at {
                text.push_str(Span::new(at, marker.line.start).slice(self.text));
            }
            at = at.max(marker.line.end).max(self.auto_end(marker.span));
        }
        if at == start {
            return Cow::Borrowed(section.content.slice(self.text).trim());
        }
        if at < end {
            text.push_str(Span::new(at, end).slice(self.text));
        }
        Cow::Owned(text.trim().to_owned())
    }

    /// Returns the end of the AUTO block that a marker opens; 0 for any other marker.
    fn auto_end(&self, opener: Span) -> usize {
        let blocks = &self.document.blocks;
        let index = blocks.partition_point(|block| block.opener.start < opener.start);
        match blocks.get(index) {
            Some(block) if block.opener == opener && block.mode == BlockMode::Auto => {
                block.closer.map_or(0, |closer| closer.end)
            }
            _ => 0,
        }
    }

    /// Builds the model of a block. A block nested in an AUTO block has no previous values.
    fn block(&self, block: &'a Block, is_nested: bool) -> Node<'a> {
        let span = block.opener;
        let section = block.section.map(|section| self.section_id(section));
        let item = self.document.item_around(block.section).map(|item| item.id(&self.document.outline));
        let mode = match block.mode {
            BlockMode::Auto => "auto",
            BlockMode::Manual => "manual",
        };
        let mut entries = vec![
            NodeEntry::new("mode", Node::text(span, mode)),
            NodeEntry::new("name", Node::text(span, block.name.as_str())),
            NodeEntry::new("declared", Node::new(span, NodeData::Bool(block.declared))),
            NodeEntry::new("section", text_or_null(span, section)),
            NodeEntry::new("item", text_or_null(span, item)),
            self.line(span),
        ];
        match block.mode {
            BlockMode::Auto => {
                entries.push(NodeEntry::new("sum", text_or_null(span, block.sum.as_deref())));
                let body = if is_nested { Span::at(block.body.start) } else { block.body };
                entries.push(NodeEntry::new("previous", previous::read(self.text, body)));
            }
            BlockMode::Manual => {
                entries.push(NodeEntry::new("reviewed", text_or_null(span, block.reviewed.as_deref())));
            }
        }
        Node::new(span, NodeData::Map(entries))
    }

    fn item(&self, item: &'a Item) -> Node<'a> {
        let outline = &self.document.outline;
        let span = item.span(outline);
        let title = item.title(outline);
        let mut fields = Vec::with_capacity(item.fields.len());
        let mut icons = Vec::with_capacity(2);
        for field in &item.fields {
            let (icon, value) = self.field(field);
            if let Some(icon) = icon {
                icons.push(NodeEntry::new(&*field.id, Node::text(value.span, icon)));
            }
            fields.push(NodeEntry { key: Cow::Borrowed(&field.id), key_span: field.label, value });
        }
        if let Some(icon) = title.icons.first() {
            icons.push(NodeEntry::new("title", Node::text(span, icon.as_str())));
        }
        let mut entries = vec![
            NodeEntry::new("id", Node::text(span, item.id(outline))),
            NodeEntry::new("number", number_or_null(span, title.number)),
            NodeEntry::new("title", Node::text(span, title.text.as_str())),
            self.line(span),
            self.within(span, &item.within(outline)),
            NodeEntry::new("heading", Node::new(span, NodeData::Bool(item.section().is_some()))),
            NodeEntry::new("fields", Node::new(span, NodeData::Map(fields))),
            NodeEntry::new("icons", Node::new(span, NodeData::Map(icons))),
        ];
        let lists = item.lists.iter().flat_map(|index| self.node_list(*index));
        let lists: Vec<Node<'a>> = lists.collect();
        if !lists.is_empty() {
            entries.push(NodeEntry::new("list", Node::new(span, NodeData::List(lists))));
        }
        entries.extend(state(span, title));
        Node::new(span, NodeData::Map(entries))
    }

    /// Returns the emoji before the value of a field, and the value.
    fn field(&self, field: &'a Field) -> (Option<Cow<'a, str>>, Node<'a>) {
        match &field.value {
            FieldValue::Text(span) => fields::value(self.text, *span),
            FieldValue::MarkdownNode(index) => (None, self.node(*index)),
            FieldValue::List(items) => {
                let list = items.iter().map(|item| self.list_item(item)).collect();
                (None, Node::new(field.label, NodeData::List(list)))
            }
            FieldValue::Block(index) => {
                let block = &self.document.blocks[*index];
                let name = NodeEntry::new("block", Node::text(block.opener, block.name.as_str()));
                (None, Node::new(block.opener, NodeData::Map(vec![name])))
            }
        }
    }

    fn node(&self, index: usize) -> Node<'a> {
        let node = &self.document.nodes[index];
        let data = match &node.kind {
            MarkdownNodeKind::Table(grid) => NodeData::Map(self.grid(node.span, grid)),
            MarkdownNodeKind::Code { language, code } => NodeData::Map(vec![
                NodeEntry::new("language", Node::text(node.span, language.as_str())),
                NodeEntry::new("code", Node::text(node.span, code.as_str())),
            ]),
            _ => NodeData::List(self.node_list(index)),
        };
        Node::new(node.span, data)
    }

    fn node_list(&self, index: usize) -> Vec<Node<'a>> {
        match &self.document.nodes[index].kind {
            MarkdownNodeKind::List(items) => items.iter().map(|item| self.list_item(item)).collect(),
            _ => Vec::new(),
        }
    }

    /// Builds a list entry: a text, or a mapping if it is a task or has nested entries.
    fn list_item(&self, item: &'a ListItem) -> Node<'a> {
        let text = Node::text(item.span, item.text(self.text));
        if item.done.is_none() && item.children.is_empty() {
            return text;
        }
        let mut entries = vec![NodeEntry::new("text", text)];
        if let Some(done) = item.done {
            entries.push(NodeEntry::new("done", Node::new(item.span, NodeData::Bool(done))));
        }
        if !item.children.is_empty() {
            entries.push(list(item.span, "list", item.children.iter().map(|child| self.list_item(child))));
        }
        Node::new(item.span, NodeData::Map(entries))
    }

    fn table(&self, table: &ItemTable) -> Node<'a> {
        let mut sections = Vec::new();
        if let Some(index) = table.section {
            sections.clone_from(&self.document.outline.sections[index].within);
            sections.push(index);
        }
        let mut entries = vec![self.within(table.span, &sections), self.line(table.span)];
        if let MarkdownNodeKind::Table(grid) = &self.document.nodes[table.node].kind {
            entries.extend(self.grid(table.span, grid));
        }
        Node::new(table.span, NodeData::Map(entries))
    }

    /// Returns `header`, `columns` and `rows` of a table. Each row is a mapping by the header cells; a repeated header
    /// cell gets `_2`, `_3`, ….
    fn grid(&self, span: Span, grid: &Grid) -> Vec<NodeEntry<'a>> {
        let mut seen: HashMap<String, usize> = HashMap::new();
        let mut names: Vec<String> = Vec::with_capacity(grid.header.len());
        for header in &grid.header {
            let name = fields::plain(&cell(self.text, *header));
            let count = seen.entry(name.clone()).or_insert(0);
            *count += 1;
            names.push(if *count == 1 { name } else { format!("{name}_{count}") });
        }
        let rows = grid.rows.iter().map(|row| {
            let cells = names.iter().enumerate().map(|(index, name)| {
                let cell_span = row.get(index).copied();
                let text = cell_span.map_or(Cow::Borrowed(""), |span| cell(self.text, span));
                NodeEntry::new(name.clone(), Node::text(cell_span.unwrap_or(span), text))
            });
            Node::new(row.first().copied().unwrap_or(span), NodeData::Map(cells.collect()))
        });
        let rows = list(span, "rows", rows);
        let header = names.iter().map(|name| Node::text(span, name.clone()));
        let shape = &self.document.shape;
        let columns = names
            .iter()
            .filter_map(|name| shape.field_of(name))
            .map(|known| Node::text(span, shape.fields[known.field].id.as_str()));
        vec![list(span, "header", header), list(span, "columns", columns), rows]
    }
}
