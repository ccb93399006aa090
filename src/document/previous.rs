//! Previous body of an AUTO block as a tree, so that a template can preserve values that it does not compute.

use std::collections::HashSet;

use super::body::{self, PieceKind};
use super::fields;
use super::outline::Ids;
use crate::text::{Node, NodeData, NodeEntry, Span, lines};

/// Content below one sub-heading, or before the first one.
#[derive(Clone, Debug, Default)]
struct PreviousGroup<'a> {
    /// Values by label, from lines `Label: value` with or without a bullet.
    pairs: Vec<NodeEntry<'a>>,
    /// Labels in `pairs`; the first value of a label is used.
    labels: HashSet<String>,
    /// Tables: header cells, and rows by first cell.
    tables: Vec<Node<'a>>,
    /// List entries that are not pairs.
    lists: Vec<Node<'a>>,
    /// All other non-blank lines.
    lines: Vec<Node<'a>>,
}

/// Parses the body at `span`. Bullets, bold marks and backticks are stripped from labels and first cells.
pub fn read(text: &str, span: Span) -> Node<'_> {
    let mut first = PreviousGroup::default();
    let mut groups: Vec<(String, Span, PreviousGroup<'_>)> = Vec::new();
    for piece in body::read(text, span) {
        let trimmed = piece.span.trimmed(text);
        let group = groups.last_mut().map_or(&mut first, |(_, _, group)| group);
        match piece.kind {
            PieceKind::Heading { title, .. } => groups.push((title, trimmed, PreviousGroup::default())),
            PieceKind::Table => group.tables.push(table(text, trimmed)),
            PieceKind::Pair(pair) => group.pair(text, pair),
            PieceKind::List => lines::of(text, piece.span).for_each(|line| group.entry(text, line.trimmed(text))),
            PieceKind::Code | PieceKind::Text => {
                group.lines.extend(lines::of(text, piece.span).map(|line| {
                    let line = line.trimmed(text);
                    Node::text(line, line.slice(text))
                }));
            }
            PieceKind::Blank => {}
        }
    }
    let groups = groups.into_iter().map(|(title, line, group)| NodeEntry {
        key: title.into(),
        key_span: line,
        value: Node::new(line, NodeData::Map(group.entries(line))),
    });
    let groups = NodeData::Map(groups.collect());
    let mut entries = first.entries(span);
    entries.push(NodeEntry::new("groups", Node::new(span, groups)));
    Node::new(span, NodeData::Map(entries))
}

/// Returns the pairs before the first sub-heading: each label with its first value.
pub fn pairs(text: &str, span: Span) -> Vec<(String, String)> {
    let mut group = PreviousGroup::default();
    for piece in body::read(text, span) {
        match piece.kind {
            PieceKind::Heading { .. } => break,
            PieceKind::Pair(pair) => group.pair(text, pair),
            PieceKind::List => lines::of(text, piece.span).for_each(|line| group.entry(text, line.trimmed(text))),
            PieceKind::Table => {
                for (_, pair) in body::value_rows(piece.span.slice(text)).unwrap_or_default() {
                    let shift = |span: Span| span.shifted(piece.span.start);
                    group.pair(text, body::LabelledLine { label: shift(pair.label), value: shift(pair.value) });
                }
            }
            _ => {}
        }
    }
    let words = |entry: NodeEntry<'_>| (entry.key.into_owned(), entry.value.as_text().unwrap_or_default().to_owned());
    group.pairs.into_iter().map(words).collect()
}

impl<'a> PreviousGroup<'a> {
    fn pair(&mut self, text: &'a str, pair: body::LabelledLine) {
        let label = fields::plain(pair.label.slice(text));
        if self.labels.insert(label.clone()) {
            let value = Node::text(pair.value, pair.value.slice(text));
            self.pairs.push(NodeEntry { key: label.into(), key_span: pair.label, value });
        }
    }

    /// Adds a line of a list as a pair or as an entry.
    fn entry(&mut self, text: &'a str, line: Span) {
        let words = line.slice(text);
        let mark = body::bullet(words).max(body::ordinal(words));
        let content = Span::new(line.start + mark, line.end);
        match body::pair(text, content) {
            Some(pair) => self.pair(text, pair),
            None => self.lists.push(Node::text(content, content.slice(text))),
        }
    }

    fn entries(self, span: Span) -> Vec<NodeEntry<'a>> {
        let part = |key: &'static str, data: NodeData<'a>| NodeEntry::new(key, Node::new(span, data));
        vec![
            part("pairs", NodeData::Map(self.pairs)),
            part("tables", NodeData::List(self.tables)),
            part("lists", NodeData::List(self.lists)),
            part("lines", NodeData::List(self.lines)),
        ]
    }
}

/// Converts a table to its header and its rows by first cell; repeated first cells get `_2`, `_3`, ….
fn table(text: &str, span: Span) -> Node<'_> {
    let mut ids = Ids::default();
    let mut header: Vec<String> = Vec::new();
    let mut rows: Vec<NodeEntry<'_>> = Vec::new();
    for (number, line) in lines::of(text, span).enumerate() {
        let cells = body::cells(line.slice(text));
        match number {
            0 => header = cells,
            1 if body::is_rule(&cells) => {}
            _ => {
                let key = ids.unique(cells.first().map(|cell| fields::plain(cell)).unwrap_or_default());
                let named = header.iter().zip(cells);
                let row = named.map(|(name, cell)| NodeEntry::new(fields::plain(name), Node::text(line, cell)));
                let value = Node::new(line, NodeData::Map(row.collect()));
                rows.push(NodeEntry { key: key.into(), key_span: line, value });
            }
        }
    }
    let header = header.into_iter().map(|cell| Node::text(span, cell)).collect();
    let header = Node::new(span, NodeData::List(header));
    let rows = Node::new(span, NodeData::Map(rows));
    Node::new(span, NodeData::Map(vec![NodeEntry::new("header", header), NodeEntry::new("rows", rows)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_a_body_by_sub_heading() {
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
