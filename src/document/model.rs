//! The model: a document as one JSON value, each part of it with its place.

use super::Document;
use super::blocks::{Block, Mode};
use super::items::{Item, Table, entry, grid_entries};
use super::nodes::{ListItem, NodeKind};
use super::outline::{Section, Title};
use super::previous;
use crate::text::{Data, Entry, Span, Tree};

/// Builds the model. Its shape is `schemas/model.schema.json`.
pub fn model(document: &Document) -> Tree {
    let root = root_span(document);
    let text = |key: &str, value: &str| entry(key, Tree::text(root, value));
    let front = document.front.clone().unwrap_or(Tree::new(root, Data::Null));
    let governance = match &document.governance.tree {
        Some(tree) => tree.clone(),
        None => Tree::new(document.governance.place, Data::Null),
    };
    let (title, title_span) = match &document.outline.title {
        Some((title, span)) => (Data::Text(title.text.clone()), *span),
        None => (Data::Null, root),
    };
    let entries = vec![
        text("path", &document.path),
        text("kind", &document.shape.kind),
        entry("title", Tree::new(title_span, title)),
        entry("front_matter", front),
        Entry { key: "governance".to_owned(), key_span: document.governance.place, value: governance },
        entry("sections", sections(document, root)),
        part("blocks", root, document.blocks.iter().map(|each| block(document, each))),
        part("items", root, document.items.iter().map(|each| item(document, each))),
        part("tables", root, document.tables.iter().map(|each| table(document, each))),
    ];
    Tree::new(root, Data::Map(entries))
}

/// Where what has no place of its own is reported: the title, else the first line.
fn root_span(document: &Document) -> Span {
    let first = document.lines.span(&document.text, 1);
    document.outline.title.as_ref().map_or(first, |(_, span)| *span)
}

fn part(key: &str, span: Span, values: impl Iterator<Item = Tree>) -> Entry {
    entry(key, Tree::new(span, Data::List(values.collect())))
}

fn null_or(span: Span, value: Option<Data>) -> Tree {
    Tree::new(span, value.unwrap_or(Data::Null))
}

fn line(document: &Document, span: Span) -> Entry {
    entry("line", Tree::number(span, document.line(span.start)))
}

fn section_ref(document: &Document, span: Span, section: Option<usize>) -> Tree {
    let id = section.map(|index| Data::Text(document.outline.sections[index].id.clone()));
    null_or(span, id)
}

/// The ids of enclosing sections, outermost first.
fn within(document: &Document, span: Span, sections: &[usize]) -> Entry {
    let ids = sections.iter().map(|index| document.outline.sections[*index].id.as_str());
    entry("within", Tree::texts(span, ids))
}

fn sections(document: &Document, root: Span) -> Tree {
    let all = document.outline.sections.iter().map(|section| Entry {
        key: section.id.clone(),
        key_span: section.heading,
        value: section_tree(document, section),
    });
    Tree::new(root, Data::Map(all.collect()))
}

fn section_tree(document: &Document, section: &Section) -> Tree {
    let span = section.heading;
    let mut entries = vec![
        entry("title", Tree::text(span, section.title.text.as_str())),
        entry("canonical", Tree::text(span, section.canonical.as_str())),
        entry("level", Tree::number(span, section.level)),
        line(document, span),
        entry("number", null_or(span, section.title.number.map(|n| Data::Number(n.into())))),
        within(document, span, &section.within),
        entry("checklist", Tree::new(span, Data::List(checklist(document, section)))),
        entry("text", Tree::text(section.content, section_text(document, section))),
    ];
    entries.extend(title_extras(&section.title, span));
    Tree::new(span, Data::Map(entries))
}

/// `state` where the title has one.
fn title_extras(title: &Title, span: Span) -> Option<Entry> {
    let state = title.state.as_deref()?;
    Some(entry("state", Tree::text(span, state)))
}

/// The tasks of a section.
fn checklist(document: &Document, section: &Section) -> Vec<Tree> {
    fn tasks<'a>(items: &'a [ListItem], found: &mut Vec<&'a ListItem>) {
        for item in items {
            if item.done.is_some() {
                found.push(item);
            }
            tasks(&item.children, found);
        }
    }
    let mut found = Vec::new();
    let nodes = &document.nodes[section.own.start..];
    for node in nodes.iter().take_while(|node| node.span.start < section.content.end) {
        if let NodeKind::List(items) = &node.kind {
            tasks(items, &mut found);
        }
    }
    let task = |item: &ListItem| {
        let entries = vec![
            entry("text", Tree::text(item.span, item.text.as_str())),
            entry("done", Tree::new(item.span, Data::Bool(item.done == Some(true)))),
        ];
        Tree::new(item.span, Data::Map(entries))
    };
    found.into_iter().map(task).collect()
}

/// What a section says: without AUTO blocks and markers.
fn section_text(document: &Document, section: &Section) -> String {
    let end = section.content.end;
    let mut at = section.content.start;
    let mut text = String::new();
    let first = document.markers.partition_point(|marker| marker.span.start < at);
    for marker in document.markers[first..].iter().take_while(|marker| marker.span.start < end) {
        if marker.line.start >= at {
            text.push_str(document.slice(Span::new(at, marker.line.start)));
        }
        at = at.max(marker.line.end).max(auto_end(document, marker.span));
    }
    if at < end {
        text.push_str(document.slice(Span::new(at, end)));
    }
    text.trim().to_owned()
}

/// Where the AUTO block that a marker opens ends; 0 for any other marker.
fn auto_end(document: &Document, opener: Span) -> usize {
    let index = document.blocks.partition_point(|block| block.opener.start < opener.start);
    match document.blocks.get(index) {
        Some(block) if block.opener == opener && block.mode == Mode::Auto => {
            block.closer.map_or(0, |closer| closer.end)
        }
        _ => 0,
    }
}

fn block(document: &Document, block: &Block) -> Tree {
    let span = block.opener;
    let optional = |value: &Option<String>| null_or(span, value.clone().map(Data::Text));
    let item = document.item_around(block.section).map(|item| item.section);
    let mode = match block.mode {
        Mode::Auto => "auto",
        Mode::Manual => "manual",
    };
    let mut entries = vec![
        entry("mode", Tree::text(span, mode)),
        entry("name", Tree::text(span, block.name.as_str())),
        entry("declared", Tree::new(span, Data::Bool(block.declared))),
        entry("section", section_ref(document, span, block.section)),
        entry("item", section_ref(document, span, item)),
        line(document, span),
    ];
    match block.mode {
        Mode::Auto => {
            entries.push(entry("sum", optional(&block.sum)));
            entries.push(entry("previous", previous::read(&document.text, block.body)));
        }
        Mode::Manual => entries.push(entry("reviewed", optional(&block.reviewed))),
    }
    Tree::new(span, Data::Map(entries))
}

fn item(document: &Document, item: &Item) -> Tree {
    let section = &document.outline.sections[item.section];
    let span = section.heading;
    let fields = item.fields.iter().map(|field| Entry {
        key: field.id.clone(),
        key_span: field.label,
        value: field.value.clone(),
    });
    let icons = item.fields.iter().filter_map(|field| {
        let icon = field.icon.as_deref()?;
        Some(entry(&field.id, Tree::text(field.value.span, icon)))
    });
    let title_icons = section.title.icons.first();
    let title_icons = title_icons.map(|icon| entry("title", Tree::text(span, icon.as_str())));
    let mut entries = vec![
        entry("id", Tree::text(span, section.id.as_str())),
        entry("number", null_or(span, section.title.number.map(|n| Data::Number(n.into())))),
        entry("title", Tree::text(span, section.title.text.as_str())),
        line(document, span),
        within(document, span, &section.within),
        entry("fields", Tree::new(span, Data::Map(fields.collect()))),
        entry("icons", Tree::new(span, Data::Map(icons.chain(title_icons).collect()))),
    ];
    if !item.list.is_empty() {
        entries.push(entry("list", Tree::new(span, Data::List(item.list.clone()))));
    }
    entries.extend(title_extras(&section.title, span));
    Tree::new(span, Data::Map(entries))
}

fn table(document: &Document, table: &Table) -> Tree {
    let sections = table.section.map_or_else(Vec::new, |index| {
        let mut chain = document.outline.sections[index].within.clone();
        chain.push(index);
        chain
    });
    let mut entries = vec![within(document, table.span, &sections), line(document, table.span)];
    entries.extend(grid_entries(table.span, &table.grid));
    Tree::new(table.span, Data::Map(entries))
}
