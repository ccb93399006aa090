//! Tables in sections whose items count: which rows are items, and which sum up others.

use std::collections::HashSet;

use super::Walk;
use crate::document::items::{self, Item, ItemRow, ValueLocation};
use crate::document::nodes::{Grid, MarkdownNodeKind};
use crate::document::outline::{Ids, Title};
use crate::document::shape::ValueType;
use crate::document::{inline, reader};
use crate::text::{Span, lines, slug};

/// A table within a section whose items count.
enum TableUse {
    /// Its rows are items: the column of the title.
    Items(usize),
    /// It looks like one, and cannot be read: the reason.
    Unread(String),
    /// It is about something else.
    Other,
}

/// Whether a title is that of a row that sums up others.
fn is_total(title: &str) -> bool {
    const WORDS: &[&str] = &["total", "totals", "sum", "subtotal", "overall", "grand total"];
    let words = title.split(['(', ':', '[', '=']).next().unwrap_or_default().trim();
    WORDS.iter().any(|word| words.eq_ignore_ascii_case(word))
}

impl Walk<'_, '_, '_> {
    /// The largest number of required fields that a table of items in the own text of a heading has; `None` without one.
    pub(super) fn row_fields(&self, index: usize) -> Option<usize> {
        let (text, shape) = (self.source.text, self.source.shape);
        let required = |cell: &&Span| {
            let known = shape.field_of(&reader::plain_cell(text, **cell));
            known.is_some_and(|known| shape.fields[known.field].required)
        };
        let tables = self.own(index).iter().filter_map(|node| match &node.kind {
            MarkdownNodeKind::Table(grid) if matches!(self.table_use(grid), TableUse::Items(_)) => Some(grid),
            _ => None,
        });
        tables.map(|grid| grid.header.iter().filter(required).count()).max()
    }

    /// Whether a table in the own text of a heading has several rows; one row gives the fields of the heading.
    pub(super) fn has_rows(&self, index: usize) -> bool {
        self.own(index).iter().any(|node| matches!(&node.kind, MarkdownNodeKind::Table(grid) if grid.rows.len() > 1))
    }

    /// Relates the columns of a table to the fields of the kind.
    fn table_use(&self, grid: &Grid) -> TableUse {
        let (text, shape) = (self.source.text, self.source.shape);
        let field =
            |cell: &Span| shape.field_of(&reader::plain_cell(text, *cell)).map(|known| &shape.fields[known.field]);
        let is_title = |cell: &Span| field(cell).is_some_and(|field| field.value == ValueType::Title);
        let title = grid.header.iter().position(is_title);
        let known = grid.header.iter().filter(|cell| !is_title(cell) && field(cell).is_some()).count();
        let noun = &shape.noun;
        match (title, known) {
            (None, 0) => TableUse::Other,
            (Some(column), 1..) => TableUse::Items(column),
            (Some(_), _) => {
                TableUse::Unread(format!("the table looks like a list of {noun}s, but has no column that phx knows"))
            }
            (None, _) => TableUse::Unread(format!("the table has no column for the name of the {noun}")),
        }
    }

    /// Adds the rows of the tables of items in the own text of a section.
    pub(super) fn rows(
        &mut self,
        index: usize,
        titles: &HashSet<String>,
        ids: &mut Option<Ids>,
        listed: &mut Vec<(String, usize)>,
    ) {
        let (text, outline) = (self.source.text, self.source.outline);
        let tables = self.own(index).iter().filter_map(|node| match &node.kind {
            MarkdownNodeKind::Table(grid) => Some((node.span, grid.clone())),
            _ => None,
        });
        for (span, grid) in tables.collect::<Vec<_>>() {
            let column = match self.table_use(&grid) {
                TableUse::Items(column) => column,
                TableUse::Other => continue,
                TableUse::Unread(message) => {
                    let mut within = outline.sections[index].within.clone();
                    within.push(index);
                    let header = lines::of(text, span).next().unwrap_or(span);
                    self.problem(header.trimmed(text), within, message);
                    continue;
                }
            };
            self.note_item(index);
            let ids = ids.get_or_insert_with(|| items::row_ids(outline));
            let title_of = |row: &Vec<Span>| {
                let cell = row.get(column).copied().filter(|cell| !cell.is_empty())?;
                let title = Title::read(&reader::plain_cell(text, cell));
                let id = slug(&title.text);
                Some((cell, title, id))
            };
            // A table that sums up headings does not add items.
            let sums_up = grid.rows.iter().filter_map(title_of).any(|(.., id)| titles.contains(&id));
            for (at, row) in grid.rows.iter().enumerate() {
                let Some((cell, title, id)) = title_of(row) else { continue };
                if titles.contains(&id) || (id.is_empty() && inline::is_struck(cell.slice(text))) {
                    continue;
                }
                if is_total(&title.text) && at + 1 == grid.rows.len() {
                    continue;
                }
                let mut within = outline.sections[index].within.clone();
                within.push(index);
                if sums_up || is_total(&title.text) {
                    let noun = &self.source.shape.noun;
                    let message = if sums_up {
                        format!("the row has no heading of a {noun}, but other rows of the table have one")
                    } else {
                        "the row looks like a total, but is not the last one".to_owned()
                    };
                    self.problem(cell, within, message);
                    continue;
                }
                let around = |group: usize| group == index || within.contains(&group);
                let inside = |group: usize| outline.sections[group].within.contains(&index);
                if listed.iter().any(|(other, group)| *other == id && (around(*group) || inside(*group))) {
                    self.listed_twice(cell, within);
                    continue;
                }
                listed.push((id.clone(), index));
                let cells = grid.header.iter().copied().zip(row.iter().copied());
                let others = cells.enumerate().filter(|(at, _)| *at != column).map(|(_, cells)| cells);
                let reading = reader::row(text, others, self.labels);
                let place =
                    ValueLocation::Row(Box::new(ItemRow { section: index, id: ids.unique(id), title, span: cell }));
                self.counted.rows.push(Item { place, fields: reading.fields, lists: Vec::new(), counted: true });
            }
        }
    }
}
