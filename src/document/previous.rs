//! The body of an AUTO block as a tree, so that a template can keep what it does not compute.

use std::collections::HashSet;

use super::fields;
use super::outline::Ids;
use crate::text::{Data, Entry, Span, Tree, lines};

/// What stands under one sub-heading, or before the first.
#[derive(Clone, Debug, Default)]
pub struct Group<'a> {
    /// Values by label: `Label: value`, with or without a bullet.
    pub pairs: Vec<Entry<'a>>,
    /// The labels that are there; the first value of a label counts.
    labels: HashSet<String>,
    /// Tables: the header's cells, and the rows by their first cell.
    pub tables: Vec<Tree<'a>>,
    /// Entries of lists that are no pairs.
    pub lists: Vec<Tree<'a>>,
    /// All other lines.
    pub lines: Vec<Tree<'a>>,
}

/// Reads the body at `span`. Bullets, bold and backticks are stripped from labels and first cells.
pub fn read(text: &str, span: Span) -> Tree<'_> {
    let mut groups: Vec<(String, Span, Group<'_>)> = vec![(String::new(), span, Group::default())];
    let mut table: Option<Table<'_>> = None;
    for line in lines::of(text, span) {
        let line = line.trimmed(text);
        let words = line.slice(text);
        let Some((_, _, group)) = groups.last_mut() else { break };
        if words.starts_with('|') {
            table.get_or_insert_with(|| Table::new(line)).row(text, line);
            continue;
        }
        if let Some(done) = table.take() {
            group.tables.push(done.tree());
        }
        if let Some(title) = heading(words) {
            groups.push((title, line, Group::default()));
        } else if !words.is_empty() {
            group.line(text, line);
        }
    }
    if let (Some(done), Some((_, _, group))) = (table, groups.last_mut()) {
        group.tables.push(done.tree());
    }
    let mut groups = groups.into_iter();
    let (_, _, first) = groups.next().unwrap_or_default();
    let under = groups.map(|(title, line, group)| Entry {
        key: title.into(),
        key_span: line,
        value: Tree::new(line, Data::Map(group.entries(line))),
    });
    let under = Data::Map(under.collect());
    let mut entries = first.entries(span);
    entries.push(Entry::new("groups", Tree::new(span, under)));
    Tree::new(span, Data::Map(entries))
}

impl<'a> Group<'a> {
    fn line(&mut self, text: &'a str, line: Span) {
        let words = line.slice(text);
        let behind = bullet(words);
        let content = Span::new(line.start + behind, line.end);
        if let Some((label, value)) = pair(text, content) {
            if self.labels.insert(label.clone()) {
                self.pairs.push(Entry {
                    key: label.into(),
                    key_span: content,
                    value: Tree::text(value, value.slice(text)),
                });
            }
        } else if behind > 0 {
            self.lists.push(Tree::text(content, content.slice(text)));
        } else {
            self.lines.push(Tree::text(line, words));
        }
    }

    fn entries(self, span: Span) -> Vec<Entry<'a>> {
        let part = |key: &'static str, data: Data<'a>| Entry::new(key, Tree::new(span, data));
        vec![
            part("pairs", Data::Map(self.pairs)),
            part("tables", Data::List(self.tables)),
            part("lists", Data::List(self.lists)),
            part("lines", Data::List(self.lines)),
        ]
    }
}

/// The words of an ATX heading.
fn heading(words: &str) -> Option<String> {
    let rest = words.trim_start_matches('#');
    let level = words.len() - rest.len();
    let is_heading = (1..=6).contains(&level) && rest.starts_with(' ');
    is_heading.then(|| fields::plain(rest.trim().trim_end_matches('#')))
}

/// The length of a bullet or an ordinal at the start, white space included.
fn bullet(words: &str) -> usize {
    let marker = match words.find(|c: char| !c.is_ascii_digit()) {
        Some(0) if words.starts_with(['-', '*', '+']) => 1,
        Some(digits) if digits > 0 && words[digits..].starts_with(['.', ')']) => digits + 1,
        _ => return 0,
    };
    let rest = &words[marker..];
    let space = rest.len() - rest.trim_start().len();
    if space == 0 { 0 } else { marker + space }
}

/// Splits `Label: value`, `**Label**: value` or `**Label:** value`.
fn pair(text: &str, span: Span) -> Option<(String, Span)> {
    let words = span.slice(text);
    if let [field] = fields::of_line(text, span).as_slice() {
        return Some((fields::plain(field.label.slice(text)), field.value));
    }
    let colon = words
        .match_indices(':')
        .map(|(at, _)| at)
        .find(|at| words[at + 1..].is_empty() || words[at + 1..].starts_with(' '))?;
    let label = fields::plain(&words[..colon]);
    (!label.is_empty()).then(|| (label, Span::new(span.start + colon + 1, span.end).trimmed(text)))
}

/// A table as its lines come.
struct Table<'a> {
    span: Span,
    /// The rows' keys; one that repeats gets `_2`.
    ids: Ids,
    lines: usize,
    header: Vec<String>,
    rows: Vec<Entry<'a>>,
}

impl<'a> Table<'a> {
    fn new(span: Span) -> Self {
        Self { span, ids: Ids::default(), lines: 0, header: Vec::new(), rows: Vec::new() }
    }

    fn row(&mut self, text: &'a str, line: Span) {
        let cells = cells(line.slice(text));
        let rule = |cell: &String| cell.chars().all(|c| matches!(c, '-' | ':')) && !cell.is_empty();
        self.lines += 1;
        self.span.end = line.end;
        match self.lines {
            1 => self.header = cells,
            2 if cells.iter().all(rule) => {}
            _ => {
                let key = self.ids.unique(cells.first().map(|cell| fields::plain(cell)).unwrap_or_default());
                let named = self.header.iter().zip(&cells);
                let row = named.map(|(name, cell)| Entry::new(fields::plain(name), Tree::text(line, cell.clone())));
                let value = Tree::new(line, Data::Map(row.collect()));
                self.rows.push(Entry { key: key.into(), key_span: line, value });
            }
        }
    }

    fn tree(self) -> Tree<'a> {
        let header = self.header.into_iter().map(|cell| Tree::text(self.span, cell)).collect();
        let header = Tree::new(self.span, Data::List(header));
        let rows = Tree::new(self.span, Data::Map(self.rows));
        Tree::new(self.span, Data::Map(vec![Entry::new("header", header), Entry::new("rows", rows)]))
    }
}

/// The cells of a table line; `\|` is a bar inside a cell.
fn cells(line: &str) -> Vec<String> {
    let inner = line.trim().trim_start_matches('|');
    let mut cells = vec![String::new()];
    let mut escaped = false;
    for c in inner.chars() {
        match (c, cells.last_mut()) {
            ('|', Some(cell)) if escaped => {
                cell.pop();
                cell.push('|');
            }
            ('|', _) => cells.push(String::new()),
            (_, Some(cell)) => cell.push(c),
            _ => {}
        }
        escaped = c == '\\';
    }
    if cells.last().is_some_and(|cell| cell.trim().is_empty()) {
        cells.pop();
    }
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_read_into_groups() {
        let body = "Total Features: 15\n- **Team `x`**: 3\n\nplain line\n\n### By Component\n| C | N |\n|---|---|\n| `a` | 1 |\n\n\
                    ### By Priority\n1. **Critical**: T (2)\n2. free\n";
        let tree = read(body, Span::new(0, body.len()));
        let expected = serde_json::json!({
            "pairs": { "Total Features": "15", "Team x": "3" },
            "tables": [],
            "lists": [],
            "lines": ["plain line"],
            "groups": {
                "By Component": {
                    "pairs": {},
                    "tables": [{ "header": ["C", "N"], "rows": { "a": { "C": "`a`", "N": "1" } } }],
                    "lists": [], "lines": []
                },
                "By Priority": { "pairs": { "Critical": "T (2)" }, "tables": [], "lists": ["free"], "lines": [] }
            }
        });
        assert_eq!(tree.to_json(), expected);
    }
}
