//! Parser for the fields in the own text of a section: paragraphs, lists, tables, quotes and HTML.

use super::blocks::Block;
use super::field_ids::{FieldReading, Labels, RawField, finish};
use super::fields::{self, Labelled};
use super::inline;
use super::items::{FieldValue, ItemSource};
use super::nodes::{Grid, ListItem, MarkdownNode, MarkdownNodeKind};
use super::segments::{BareLine, bare_line, is_directive, segments};
use crate::text::Span;

struct ItemFieldReader<'a, 's, 'l> {
    source: ItemSource<'a>,
    labels: &'l mut Labels<'s>,
    fields: Vec<RawField>,
    lists: Vec<usize>,
    /// Last label, if it has no value yet.
    waiting: Option<Labelled>,
}

/// Parses the fields in the own text of a section.
pub(super) fn section(source: ItemSource<'_>, index: usize, labels: &mut Labels<'_>) -> FieldReading {
    let section = &source.outline.sections[index];
    let own = &source.nodes[section.own.clone()];
    let mut reader = ItemFieldReader { source, labels, fields: Vec::new(), lists: Vec::new(), waiting: None };
    reader.nodes(section.own.clone(), index, section.heading);
    let mut reading = finish(source.text, reader.fields, reader.lists, reader.labels);
    let first = own.iter().find(|node| !matches!(node.kind, MarkdownNodeKind::Html));
    let label = reading.fields.first().map(|field| field.label.start);
    reading.starts_with_field = first.is_some_and(|node| {
        let is_read = label == Some(node.span.start + 2) && node.span.slice(source.text).starts_with("**");
        matches!(node.kind, MarkdownNodeKind::Paragraph)
            && (is_read || fields::starts(source.text, node.span, source.shape))
    });
    reading
}

/// Returns the fields of a table row. `cells` are pairs of a header cell (label) and a cell (value).
pub(super) fn row(text: &str, cells: impl Iterator<Item = (Span, Span)>, labels: &mut Labels<'_>) -> FieldReading {
    let filled = cells.filter(|(label, value)| !label.is_empty() && !value.is_empty());
    let fields = filled.map(|(label, value)| RawField { label, value: FieldValue::Text(value) });
    finish(text, fields.collect(), Vec::new(), labels)
}

impl ItemFieldReader<'_, '_, '_> {
    fn nodes(&mut self, own: std::ops::Range<usize>, section: usize, heading: Span) {
        let blocks: &[Block] = self.source.blocks;
        let first = blocks.partition_point(|block| block.opener.start < heading.start);
        let mut blocks = (first..blocks.len())
            .take_while(|at| blocks[*at].section == Some(section))
            .filter(|at| blocks[*at].closer.is_some())
            .map(|at| (at, blocks[at].opener.start))
            .peekable();
        for at in own {
            let node = &self.source.nodes[at];
            while let Some((block, _)) = blocks.next_if(|(_, start)| *start <= node.span.start) {
                self.assign(FieldValue::Block(block));
            }
            self.node(at, node);
        }
        for (block, _) in blocks {
            self.assign(FieldValue::Block(block));
        }
    }

    fn node(&mut self, index: usize, node: &MarkdownNode) {
        match &node.kind {
            MarkdownNodeKind::Html if node.span.slice(self.source.text).starts_with("<!--") => {}
            MarkdownNodeKind::Html | MarkdownNodeKind::Quote => {
                self.waiting = None;
                self.quoted_lines(node.span);
            }
            MarkdownNodeKind::Paragraph => {
                self.waiting = None;
                self.paragraph(node.span);
            }
            MarkdownNodeKind::List(items) => self.list(index, items),
            MarkdownNodeKind::Table(grid) if self.waiting.is_none() => self.table(grid),
            MarkdownNodeKind::Table(_) | MarkdownNodeKind::Code { .. } => self.assign(FieldValue::MarkdownNode(index)),
            MarkdownNodeKind::Heading { .. } | MarkdownNodeKind::Other => self.waiting = None,
        }
    }

    /// Assigns a value to the label that waits for one, if any.
    fn assign(&mut self, value: FieldValue) {
        if let Some(label) = self.waiting.take() {
            self.fields.push(RawField { label: label.label, value });
        }
    }

    fn is_known(&mut self, label: &Labelled) -> bool {
        self.labels.is_known(label.label.slice(self.source.text))
    }

    fn fields_of(&self, line: Span) -> Vec<Labelled> {
        fields::of_line(self.source.text, line, self.source.shape)
    }

    /// Parses the lines of a paragraph. The text below a label without a value becomes its value.
    fn paragraph(&mut self, span: Span) {
        self.waiting = self.paragraph_lines(segments(self.source.text, span));
    }

    /// Parses lines. Returns the last label if it has no value.
    fn paragraph_lines(&mut self, lines: impl Iterator<Item = Span>) -> Option<Labelled> {
        let text = self.source.text;
        let mut open: Option<Labelled> = None;
        let mut below = false;
        let mut term: Option<Span> = None;
        for line in lines {
            let content = line.trimmed(text);
            if is_directive(content.slice(text)) {
                continue;
            }
            // `: value` below a term: a definition list.
            if let (Some(term), Some(value)) = (term.take(), content.slice(text).strip_prefix(':'))
                && let Some(label) = self.term(term)
            {
                let value = Span::new(content.end - value.len(), content.end).trimmed(text);
                self.close(open.replace(Labelled { value, ..label }));
                below = false;
                continue;
            }
            term = Some(content);
            let mut fields = self.fields_of(content);
            if let Some(last) = fields.pop() {
                for field in open.take().into_iter().chain(fields) {
                    self.close(Some(field));
                }
                open = Some(last);
                below = false;
                continue;
            }
            if let Some(field) = &mut open {
                // Text after `<br>` on the same line belongs to the value.
                let broken =
                    !content.is_empty() && text[..line.start].ends_with('>') && !text[..line.start].ends_with("-->");
                let is_continued = below || broken || field.value.slice(text).ends_with([',', ';']);
                if field.value.is_empty() || is_continued {
                    let start = if field.value.is_empty() { content.start } else { field.value.start };
                    field.value = Span::new(start, content.end.max(start));
                    below = true;
                }
            }
        }
        match open {
            Some(field) if field.value.is_empty() => Some(field),
            open => {
                self.close(open);
                None
            }
        }
    }

    /// Converts the term of a definition list to a label.
    fn term(&mut self, term: Span) -> Option<Labelled> {
        let text = self.source.text;
        let words = term.slice(text);
        let inner = words.trim_matches(['*', '_', '`']);
        let start = term.start + words.find(inner)?;
        let label = Span::new(start, start + inner.len());
        let bold = words.starts_with("**") || words.starts_with("__");
        let label = Labelled { label, value: Span::at(label.end), bold };
        (self.is_known(&label) || (bold && !inner.is_empty())).then_some(label)
    }

    fn close(&mut self, field: Option<Labelled>) {
        if let Some(field) = field.filter(|field| !field.value.is_empty()) {
            self.fields.push(RawField { label: field.label, value: FieldValue::Text(field.value) });
        }
    }

    fn list(&mut self, index: usize, items: &[ListItem]) {
        let is_value = self.waiting.clone().is_some_and(|label| self.is_known(&label));
        if !is_value && self.has_known_fields(items) {
            self.assign(FieldValue::MarkdownNode(index));
            self.field_list(items);
        } else if self.waiting.is_some() {
            self.assign(FieldValue::MarkdownNode(index));
        } else {
            self.lists.push(index);
        }
    }

    fn has_known_fields(&mut self, items: &[ListItem]) -> bool {
        let text = self.source.text;
        items.iter().any(|item| {
            let first = segments(text, item.span).next().unwrap_or_default();
            self.fields_of(first).iter().any(|field| self.is_known(field))
        })
    }

    /// Parses a list whose entries are fields. Entries after a label without a value become its value.
    fn field_list(&mut self, items: &[ListItem]) {
        let mut entries: Vec<ListItem> = Vec::new();
        for item in items {
            let first = segments(self.source.text, item.span).next().unwrap_or_default();
            if self.fields_of(first).is_empty() {
                if self.waiting.is_some() {
                    entries.push(item.clone());
                }
                continue;
            }
            self.assign_entries(&mut entries);
            self.waiting = self.paragraph_lines(segments(self.source.text, item.span));
            if self.waiting.is_some() {
                if !item.children.is_empty() {
                    self.assign(FieldValue::List(item.children.clone()));
                }
            } else if self.has_known_fields(&item.children) {
                self.field_list(&item.children);
            } else if !item.children.is_empty() {
                self.add_entries(&item.children);
            }
        }
        self.assign_entries(&mut entries);
    }

    fn assign_entries(&mut self, entries: &mut Vec<ListItem>) {
        if !entries.is_empty() {
            self.assign(FieldValue::List(std::mem::take(entries)));
        }
        self.waiting = None;
    }

    /// Adds nested entries to a field that has a text; the value becomes a list of the text and the entries.
    fn add_entries(&mut self, children: &[ListItem]) {
        if let Some(RawField { value, .. }) = self.fields.last_mut()
            && let FieldValue::Text(span) = *value
        {
            let first = ListItem { span, done: None, children: Vec::new() };
            *value = FieldValue::List(std::iter::once(first).chain(children.iter().cloned()).collect());
        }
    }

    /// Parses a two-column table with a field in each row, or a table with known labels as header and exactly one row.
    fn table(&mut self, grid: &Grid) {
        let text = self.source.text;
        let known = |cell: &Span| self.source.shape.field_of(label_of(text, *cell).slice(text)).is_some();
        let known_header = grid.header.iter().filter(|cell| known(cell)).count();
        let first_cells = || grid.rows.iter().filter_map(|row| row.first());
        // A header that is itself a field, as in HTML tables without a header.
        let is_row = known_header == 1 && grid.header.first().is_some_and(known) && first_cells().all(known);
        if grid.header.len() == 2 && is_row {
            self.pairs(grid);
        } else if let [row] = grid.rows.as_slice()
            && known_header > 0
            && known_header * 2 >= grid.header.len()
        {
            self.cells(grid.header.iter().zip(row));
        } else if grid.header.len() == 2 && (first_cells().any(known)) {
            self.pairs(grid);
        }
    }

    /// Parses the rows of a two-column table, and its header if that is a known label and a value.
    fn pairs(&mut self, grid: &Grid) {
        let text = self.source.text;
        let known = |cell: &Span| self.source.shape.field_of(label_of(text, *cell).slice(text)).is_some();
        if let [label, value] = grid.header.as_slice()
            && known(label)
            && !known(value)
        {
            self.cells(std::iter::once((label, value)));
        }
        self.cells(grid.rows.iter().filter_map(|row| Some((row.first()?, row.get(1)?))));
    }

    fn cells<'c>(&mut self, cells: impl Iterator<Item = (&'c Span, &'c Span)>) {
        let text = self.source.text;
        for (label, value) in cells {
            let label = label_of(text, *label);
            if !label.is_empty() && !value.is_empty() {
                self.fields.push(RawField { label, value: FieldValue::Text(*value) });
            }
        }
    }

    /// Parses the lines of a quote or of HTML, ignoring quote marks, list marks and tags around the text.
    fn quoted_lines(&mut self, span: Span) {
        let text = self.source.text;
        let mut entries: Vec<ListItem> = Vec::new();
        let mut listed = false;
        for line in segments(text, span) {
            let BareLine { content, is_entry, done } = bare_line(text, line);
            if content.is_empty() || is_directive(content.slice(text)) {
                continue;
            }
            let mut fields = self.fields_of(content);
            let Some(last) = fields.pop() else {
                if self.waiting.is_some() {
                    listed |= is_entry;
                    entries.push(ListItem { span: content, done, children: Vec::new() });
                }
                continue;
            };
            self.assign_lines(&mut entries, listed);
            listed = false;
            for field in fields {
                self.close(Some(field));
            }
            if last.value.is_empty() {
                self.waiting = Some(last);
            } else {
                self.close(Some(last));
            }
        }
        if !entries.is_empty() {
            self.assign_lines(&mut entries, listed);
        }
    }

    /// Assigns lines to the label above them: as a text, or as a list if they are list entries.
    fn assign_lines(&mut self, entries: &mut Vec<ListItem>, listed: bool) {
        if let (false, [first, .., last] | [first @ last]) = (listed, entries.as_slice()) {
            let text = Span::new(first.span.start, last.span.end);
            entries.clear();
            self.assign(FieldValue::Text(text));
        }
        self.assign_entries(entries);
    }
}

/// Returns the label in a cell without emphasis and colons at its ends.
fn label_of(text: &str, cell: Span) -> Span {
    let words = cell.slice(text);
    let marks = |c: char| c.is_whitespace() || matches!(c, '*' | '_' | '`' | ':' | '：');
    let start = cell.start + (words.len() - words.trim_start_matches(marks).len());
    Span::new(start, start + words.trim_matches(marks).len())
}

/// Returns a cell as plain text.
pub(super) fn plain_cell(text: &str, cell: Span) -> String {
    inline::plain(&super::nodes::cell(text, cell)).into_owned()
}
