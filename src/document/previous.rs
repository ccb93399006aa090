//! The body of an AUTO block as a tree, so that a template can keep what it does not compute.

use std::collections::HashSet;

use super::body::{self, PieceKind};
use super::fields;
use super::outline::Ids;
use crate::text::{Data, Entry, Span, Tree, lines};

/// What stands under one sub-heading, or before the first.
#[derive(Clone, Debug, Default)]
struct Group<'a> {
    /// Values by label: `Label: value`, with or without a bullet.
    pairs: Vec<Entry<'a>>,
    /// The labels that are there; the first value of a label counts.
    labels: HashSet<String>,
    /// Tables: the header's cells, and the rows by their first cell.
    tables: Vec<Tree<'a>>,
    /// Entries of lists that are no pairs.
    lists: Vec<Tree<'a>>,
    /// All other lines.
    lines: Vec<Tree<'a>>,
}

/// Reads the body at `span`. Bullets, bold and backticks are stripped from labels and first cells.
pub fn read(text: &str, span: Span) -> Tree<'_> {
    let mut first = Group::default();
    let mut under: Vec<(String, Span, Group<'_>)> = Vec::new();
    for piece in body::read(text, span) {
        let place = piece.span.trimmed(text);
        let group = under.last_mut().map_or(&mut first, |(_, _, group)| group);
        match piece.kind {
            PieceKind::Heading { title, .. } => under.push((title, place, Group::default())),
            PieceKind::Table => group.tables.push(table(text, place)),
            PieceKind::Pair(pair) => group.pair(text, pair),
            PieceKind::List => lines::of(text, piece.span).for_each(|line| group.entry(text, line.trimmed(text))),
            PieceKind::Code | PieceKind::Text => {
                group.lines.extend(lines::of(text, piece.span).map(|line| {
                    let line = line.trimmed(text);
                    Tree::text(line, line.slice(text))
                }));
            }
            PieceKind::Blank => {}
        }
    }
    let under = under.into_iter().map(|(title, line, group)| Entry {
        key: title.into(),
        key_span: line,
        value: Tree::new(line, Data::Map(group.entries(line))),
    });
    let under = Data::Map(under.collect());
    let mut entries = first.entries(span);
    entries.push(Entry::new("groups", Tree::new(span, under)));
    Tree::new(span, Data::Map(entries))
}

/// The pairs before the first sub-heading, each label with its first value.
pub fn pairs(text: &str, span: Span) -> Vec<(String, String)> {
    let mut group = Group::default();
    for piece in body::read(text, span) {
        match piece.kind {
            PieceKind::Heading { .. } => break,
            PieceKind::Pair(pair) => group.pair(text, pair),
            PieceKind::List => lines::of(text, piece.span).for_each(|line| group.entry(text, line.trimmed(text))),
            PieceKind::Table => {
                for (_, pair) in body::value_rows(piece.span.slice(text)).unwrap_or_default() {
                    let forth = |span: Span| span.shifted(piece.span.start);
                    group.pair(text, body::Pair { label: forth(pair.label), value: forth(pair.value) });
                }
            }
            _ => {}
        }
    }
    let words = |entry: Entry<'_>| (entry.key.into_owned(), entry.value.as_text().unwrap_or_default().to_owned());
    group.pairs.into_iter().map(words).collect()
}

impl<'a> Group<'a> {
    fn pair(&mut self, text: &'a str, pair: body::Pair) {
        let label = fields::plain(pair.label.slice(text));
        if self.labels.insert(label.clone()) {
            let value = Tree::text(pair.value, pair.value.slice(text));
            self.pairs.push(Entry { key: label.into(), key_span: pair.label, value });
        }
    }

    /// A line of a list: a pair, or an entry.
    fn entry(&mut self, text: &'a str, line: Span) {
        let words = line.slice(text);
        let behind = body::bullet(words).max(body::ordinal(words));
        let content = Span::new(line.start + behind, line.end);
        match body::pair(text, content) {
            Some(pair) => self.pair(text, pair),
            None => self.lists.push(Tree::text(content, content.slice(text))),
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

/// A table: its header, and its rows by their first cell; one that repeats gets `_2`.
fn table(text: &str, span: Span) -> Tree<'_> {
    let mut ids = Ids::default();
    let mut header: Vec<String> = Vec::new();
    let mut rows: Vec<Entry<'_>> = Vec::new();
    for (number, line) in lines::of(text, span).enumerate() {
        let cells = body::cells(line.slice(text));
        match number {
            0 => header = cells,
            1 if body::is_rule(&cells) => {}
            _ => {
                let key = ids.unique(cells.first().map(|cell| fields::plain(cell)).unwrap_or_default());
                let named = header.iter().zip(cells);
                let row = named.map(|(name, cell)| Entry::new(fields::plain(name), Tree::text(line, cell)));
                let value = Tree::new(line, Data::Map(row.collect()));
                rows.push(Entry { key: key.into(), key_span: line, value });
            }
        }
    }
    let header = header.into_iter().map(|cell| Tree::text(span, cell)).collect();
    let header = Tree::new(span, Data::List(header));
    let rows = Tree::new(span, Data::Map(rows));
    Tree::new(span, Data::Map(vec![Entry::new("header", header), Entry::new("rows", rows)]))
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
