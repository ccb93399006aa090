//! Sections whose items count: which headings and table rows are items, and what looks like an item and cannot be read.
//!
//! Below such a section, a heading is an item if its own text has a field that the kind knows. A heading without fields
//! above items is a group; with few fields, and items below that have more, too. Rows of a table with a column for the
//! title and a column that the kind knows are items. A heading, an entry or a row that looks like an item and has no
//! such field is a problem: a value that counts the items would be wrong.

use std::collections::HashSet;

use super::field_ids::{Labels, Reading};
use super::items::{self, Item, Place, Row, Source};
use super::nodes::{Grid, ListItem, Node, NodeKind};
use super::outline::{Ids, Section, Title};
use super::reader;
use super::reading::{Problem, ProblemKind};
use super::shape::ValueType;
use super::{inline, segments, steps};
use crate::document::Mode;
use crate::text::{Span, lines, slug};

/// Items of the sections whose items count.
pub(super) struct Counted {
    /// For each section: whether it is below a section whose items count.
    pub(super) covered: Vec<bool>,
    /// For each section: whether it is an item that counts.
    pub(super) sections: Vec<bool>,
    /// Rows of tables that are items.
    pub(super) rows: Vec<Item>,
    /// What cannot be read, in order.
    pub(super) problems: Vec<Problem>,
}

/// Finds the items that count.
pub(super) fn find(source: Source<'_>, readings: &[Reading], labels: &mut Labels<'_>) -> Counted {
    let sections = &source.outline.sections;
    let mut counted = Counted {
        covered: vec![false; sections.len()],
        sections: vec![false; sections.len()],
        rows: Vec::new(),
        problems: Vec::new(),
    };
    if source.shape.counted.is_empty() {
        return counted;
    }
    let containers: Vec<bool> = sections.iter().map(|section| is_container(source, section)).collect();
    if !containers.contains(&true) {
        return counted;
    }
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); sections.len()];
    for (index, section) in sections.iter().enumerate() {
        if let Some(parent) = section.within.last() {
            children[*parent].push(index);
        }
        counted.covered[index] = section.within.iter().any(|around| containers[*around]);
    }
    let with_items = vec![false; sections.len()];
    let mut walk =
        Walk { source, readings, labels, children: &children, counted: &mut counted, groups: Vec::new(), with_items };
    for (index, is_container) in containers.iter().enumerate() {
        // A container within a container is a group of the outer one.
        if *is_container && !walk.counted.covered[index] {
            walk.group(index);
        }
    }
    walk.own_texts();
    counted.problems.sort_by_key(|problem| problem.span.start);
    counted
}

fn is_container(source: Source<'_>, section: &Section) -> bool {
    let title = slug(&section.title.text);
    source.shape.counts(&[&section.id, &section.canonical, &title])
}

struct Walk<'a, 's, 'l> {
    source: Source<'a>,
    readings: &'a [Reading],
    labels: &'l mut Labels<'s>,
    children: &'a [Vec<usize>],
    counted: &'l mut Counted,
    /// Headings over items, in order.
    groups: Vec<usize>,
    /// For each section: whether it or one below is an item, or has rows that are.
    with_items: Vec<bool>,
}

/// A table within a section whose items count.
enum TableUse {
    /// Its rows are items: the column of the title.
    Items(usize),
    /// It looks like one, and cannot be read: the reason.
    Unread(String),
    /// It is about something else.
    Other,
}

impl Walk<'_, '_, '_> {
    fn section(&self, index: usize) -> &Section {
        &self.source.outline.sections[index]
    }

    fn own(&self, index: usize) -> &[Node] {
        &self.source.nodes[self.section(index).own.clone()]
    }

    /// Visits a heading over items: the headings below.
    fn group(&mut self, index: usize) {
        self.groups.push(index);
        for child in self.children[index].clone() {
            self.heading(child);
        }
    }

    /// Reads the own text of the groups, once all headings are known.
    fn own_texts(&mut self) {
        let outline = self.source.outline;
        let headings = (0..outline.sections.len()).filter(|at| self.counted.sections[*at]);
        let titles: HashSet<String> = headings.map(|at| slug(&outline.sections[at].title.text)).collect();
        let groups = std::mem::take(&mut self.groups);
        let mut ids = None;
        for index in &groups {
            self.rows(*index, &titles, &mut ids);
        }
        for index in groups {
            self.own_text(index);
        }
    }

    /// Visits a heading that may be an item.
    fn heading(&mut self, index: usize) {
        if self.is_named(index) {
            return;
        }
        let below = self.best_below(index).max(self.row_fields(index));
        let own = &self.readings[index];
        if own.known == 0 {
            if below.is_some() {
                self.group(index);
            } else {
                self.unread_heading(index);
            }
        } else if below.is_some_and(|below| below >= 2 && own.required * 2 <= below) {
            self.group(index);
        } else {
            self.counted.sections[index] = true;
            self.note_item(index);
        }
    }

    /// Whether a heading is a section or block of the kind, and not an item: it has a marker and no field.
    fn is_named(&self, index: usize) -> bool {
        let section = self.section(index);
        let shape = self.source.shape;
        let named = shape.sections.iter().chain(&shape.blocks).any(|name| *name == section.canonical);
        let marked = self
            .source
            .blocks
            .iter()
            .any(|block| block.section == Some(index) && (block.mode == Mode::Manual || block.closer.is_some()));
        (named || marked)
            && self.readings[index].known == 0
            && self.best_below(index).max(self.row_fields(index)).is_none()
    }

    /// The largest number of required fields that a heading below has; `None` if none has a known field.
    fn best_below(&self, index: usize) -> Option<usize> {
        let below = self.children[index].iter().filter_map(|child| {
            let reading = &self.readings[*child];
            let own = (reading.known > 0).then_some(reading.required);
            own.max(self.row_fields(*child)).max(self.best_below(*child))
        });
        below.max()
    }

    /// The largest number of required fields that a table of items in the own text of a heading has; `None` without one.
    fn row_fields(&self, index: usize) -> Option<usize> {
        let (text, shape) = (self.source.text, self.source.shape);
        let required = |cell: &&Span| {
            let known = shape.field_of(&reader::plain_cell(text, **cell));
            known.is_some_and(|known| shape.fields[known.field].required)
        };
        let tables = self.own(index).iter().filter_map(|node| match &node.kind {
            NodeKind::Table(grid) if matches!(self.table_use(grid), TableUse::Items(_)) => Some(grid),
            _ => None,
        });
        tables.map(|grid| grid.header.iter().filter(required).count()).max()
    }

    fn unread_heading(&mut self, index: usize) {
        let section = self.section(index);
        let (span, within) = (section.heading, section.within.clone());
        let title = section.title.text.clone();
        let noun = &self.source.shape.noun;
        let message = format!("the heading `{title}` looks like a {noun}, but no field below it can be read");
        self.problem(span, within, message);
    }

    fn problem(&mut self, span: Span, within: Vec<usize>, message: String) {
        let shape = self.source.shape;
        let required = shape.fields.iter().filter(|field| field.required);
        let form: Vec<String> = required.map(|field| format!("**{}**: …", field.label)).collect();
        let form = if form.is_empty() { "**Label**: …".to_owned() } else { form.join(" | ") };
        let noun = &shape.noun;
        let help = format!(
            "give the {noun} a heading with `{form}` below it; if it is not a {noun}, write \
             `<!-- phx-ignore unread-item: REASON -->` on the line above"
        );
        self.counted.problems.push(Problem {
            kind: ProblemKind::UnreadItem,
            span,
            message,
            help,
            within,
            item: None,
            field: None,
        });
    }

    /// How the columns of a table relate to the fields of the kind.
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
    fn rows(&mut self, index: usize, titles: &HashSet<String>, ids: &mut Option<Ids>) {
        let (text, outline) = (self.source.text, self.source.outline);
        let tables = self.own(index).iter().filter_map(|node| match &node.kind {
            NodeKind::Table(grid) => Some((node.span, grid.clone())),
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
            for row in &grid.rows {
                let Some(cell) = row.get(column).copied().filter(|cell| !cell.is_empty()) else { continue };
                let title = Title::read(&reader::plain_cell(text, cell));
                let id = slug(&title.text);
                // A table that sums up headings does not add items.
                if titles.contains(&id) || (id.is_empty() && inline::is_struck(cell.slice(text))) {
                    continue;
                }
                let cells = grid.header.iter().copied().zip(row.iter().copied());
                let others = cells.enumerate().filter(|(at, _)| *at != column).map(|(_, cells)| cells);
                let reading = reader::row(text, others, self.labels);
                let place = Place::Row(Box::new(Row { section: index, id: ids.unique(id), title, span: cell }));
                self.counted.rows.push(Item { place, fields: reading.fields, lists: Vec::new(), counted: true });
            }
        }
    }

    /// Finds what looks like an item in the text of a group that is not below a heading of its own.
    fn own_text(&mut self, index: usize) {
        let has_items = self.with_items[index];
        let mut within = self.section(index).within.clone();
        within.push(index);
        let reading = &self.readings[index];
        let noun = self.source.shape.noun.clone();
        if let Some(label) = reading.first_known
            && (!has_items || reading.repeats)
        {
            let message = format!("these fields have no heading of their own, so they are not read as a {noun}");
            self.problem(label, within.clone(), message);
            return;
        }
        let mut found: Vec<(Span, String)> = Vec::new();
        for node in self.own(index) {
            match &node.kind {
                NodeKind::List(entries) => self.entries(entries, has_items, &mut found),
                NodeKind::Paragraph => self.paragraph(node.span, has_items, &mut found),
                NodeKind::Quote | NodeKind::Html => self.hidden_headings(node.span, &mut found),
                _ => {}
            }
        }
        for (span, what) in found {
            let message = format!("the {what} looks like a {noun}, but no field of it can be read");
            self.problem(span, within.clone(), message);
        }
    }

    /// Notes that a section and those around it have items.
    fn note_item(&mut self, index: usize) {
        for at in self.source.outline.sections[index].within.iter().copied().chain([index]) {
            self.with_items[at] = true;
        }
    }

    fn entries(&self, entries: &[ListItem], has_items: bool, found: &mut Vec<(Span, String)>) {
        for entry in entries {
            if !has_items || entry.done.is_some() || self.is_estimated(entry.span) {
                let first = lines::of(self.source.text, entry.span).next().unwrap_or(entry.span);
                found.push((first.trimmed(self.source.text), "entry".to_owned()));
            }
        }
    }

    /// Whether a text gives a number with a unit of the kind, such as `(5 points)`.
    fn is_estimated(&self, span: Span) -> bool {
        let text = span.slice(self.source.text);
        let units = self.source.shape.fields.iter().filter_map(|field| match &field.value {
            ValueType::Number(number) => Some(number),
            _ => None,
        });
        units.into_iter().any(|number| !matches!(steps::estimate(text, number), steps::Estimate::None))
    }

    /// A line that starts in bold and is not a field: a heading for its author.
    fn paragraph(&self, span: Span, has_items: bool, found: &mut Vec<(Span, String)>) {
        let text = self.source.text;
        for line in segments::segments(text, span) {
            let line = line.trimmed(text);
            let bold = line.slice(text).starts_with("**") || line.slice(text).starts_with("__");
            if bold
                && super::fields::of_line(text, line, self.source.shape).is_empty()
                && (!has_items || self.is_estimated(line))
            {
                found.push((line, "line in bold".to_owned()));
            }
        }
    }

    /// Headings in quotes and in HTML are not headings of the document.
    fn hidden_headings(&self, span: Span, found: &mut Vec<(Span, String)>) {
        let text = self.source.text;
        if span.slice(text).starts_with("<!--") {
            return;
        }
        for line in lines::of(text, span) {
            let content = segments::bare_line(text, line).content;
            let words = content.slice(text);
            if words.starts_with('#') && words.trim_start_matches('#').starts_with(' ') {
                found.push((content, "heading in a quote or in HTML".to_owned()));
            }
        }
    }
}
