//! Tables in counted sections: finds the rows that are items, and the rows that are totals.

use std::collections::HashSet;

use super::Walk;
use crate::document::items::{self, Item, ItemRow, ValueLocation};
use crate::document::nodes::{Grid, MarkdownNodeKind};
use crate::document::outline::{Ids, Title};
use crate::document::shape::ValueType;
use crate::document::{inline, reader};
use crate::text::{Span, lines, slug};

/// Use of a table in a counted section.
enum TableUse {
    /// Rows are items; index of the title column.
    Items(usize),
    /// Rows look like items but cannot be read; message of the problem.
    Unread(String),
    /// Not a table of items.
    Other,
}

/// Returns `true` if a title marks a row that sums up other rows.
fn is_total(title: &str) -> bool {
    const WORDS: &[&str] = &["total", "totals", "sum", "subtotal", "overall", "grand total"];
    let words = title.split(['(', ':', '[', '=']).next().unwrap_or_default().trim();
    WORDS.iter().any(|word| words.eq_ignore_ascii_case(word))
}

impl Walk<'_, '_, '_> {
    /// Returns the largest number of required fields in an item table in the own text of a heading; `None` if there is
    /// no such table.
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

    /// Returns `true` if a table in the own text of a heading has several rows. A table with one row contains the
    /// fields of the heading itself.
    pub(super) fn has_rows(&self, index: usize) -> bool {
        self.own(index).iter().any(|node| matches!(&node.kind, MarkdownNodeKind::Table(grid) if grid.rows.len() > 1))
    }

    /// Classifies a table by the fields of the kind that its columns match.
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
                TableUse::Unread(format!("table looks like a list of {noun}s, but has no column with a known field"))
            }
            (None, _) => TableUse::Unread(format!("table has no column for the title of the {noun}")),
        }
    }

    /// Adds the rows of the item tables in the own text of a section.
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
            self.mark_with_items(index);
            let ids = ids.get_or_insert_with(|| items::row_ids(outline));
            let title_of = |row: &Vec<Span>| {
                let cell = row.get(column).copied().filter(|cell| !cell.is_empty())?;
                let title = Title::read(&reader::plain_cell(text, cell));
                let id = slug(&title.text);
                Some((cell, title, id))
            };
            // A table that summarizes headings does not add items.
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
                        format!("row has no {noun} heading, but other rows of the table have one")
                    } else {
                        "row looks like a total, but is not the last row".to_owned()
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
