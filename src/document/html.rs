//! Parser for headings and tables in HTML blocks.
//!
//! `html5gum` (WHATWG tokenization) finds the tags; texts are slices of the source.

use html5gum::emitters::default::DefaultEmitter;
use html5gum::{Token, Tokenizer};

use super::nodes::{Grid, MarkdownNode, MarkdownNodeKind};
use crate::text::Span;

/// Splits an HTML block into nodes: its headings and tables, and the HTML between them.
pub fn nodes(text: &str, block: Span) -> Vec<MarkdownNode> {
    let source = block.slice(text);
    if !may_contain_nodes(source) {
        return vec![MarkdownNode { span: block.trimmed(text), kind: MarkdownNodeKind::Html }];
    }
    let mut reader = HtmlReader { text, block, rest: block.start, nodes: Vec::new(), heading: None, table: None };
    for token in Tokenizer::new_with_emitter(source, DefaultEmitter::<usize>::new_with_span()) {
        let Ok(token) = token;
        reader.handle_token(&token);
    }
    reader.finish()
}

/// Returns `true` if a block may contain a heading or a table.
fn may_contain_nodes(source: &str) -> bool {
    memchr::memchr_iter(b'<', source.as_bytes()).any(|at| {
        let name = &source.as_bytes()[at + 1..];
        match name {
            [b'h' | b'H', b'1'..=b'6', ..] => true,
            _ => name.get(..5).is_some_and(|name| name.eq_ignore_ascii_case(b"table")),
        }
    })
}

struct HtmlReader<'t> {
    text: &'t str,
    block: Span,
    /// Start of the HTML that is not part of a node yet.
    rest: usize,
    nodes: Vec<MarkdownNode>,
    heading: Option<Heading>,
    table: Option<HtmlTable>,
}

/// Heading whose end tag has not been read yet.
struct Heading {
    level: u8,
    start: usize,
    title: String,
}

/// Table whose end tag has not been read yet.
#[derive(Default)]
struct HtmlTable {
    start: usize,
    rows: Vec<Vec<Span>>,
    cell: Option<usize>,
}

impl HtmlReader<'_> {
    fn handle_token(&mut self, token: &Token<usize>) {
        let at = |offset: usize| self.block.start + offset;
        match token {
            Token::StartTag(tag) => self.open(&tag.name, at(tag.span.start), at(tag.span.end)),
            Token::EndTag(tag) => self.close(&tag.name, at(tag.span.start), at(tag.span.end)),
            Token::String(string) => {
                if let Some(heading) = &mut self.heading {
                    heading.title.push_str(&String::from_utf8_lossy(string));
                }
            }
            _ => {}
        }
    }

    fn open(&mut self, name: &[u8], start: usize, end: usize) {
        match (name, &mut self.table) {
            (b"table", None) => self.table = Some(HtmlTable { start, ..HtmlTable::default() }),
            (b"tr", Some(table)) => {
                table.end_cell(self.text, start);
                table.rows.push(Vec::new());
            }
            (b"td" | b"th", Some(table)) => {
                table.end_cell(self.text, start);
                table.cell = Some(end);
            }
            (name, None) => {
                if let Some(level) = level(name) {
                    self.heading = Some(Heading { level, start, title: String::new() });
                }
            }
            _ => {}
        }
    }

    fn close(&mut self, name: &[u8], start: usize, end: usize) {
        match (name, self.table.as_mut()) {
            (b"td" | b"th" | b"tr", Some(table)) => table.end_cell(self.text, start),
            (b"table", Some(table)) => {
                table.end_cell(self.text, start);
                let table = std::mem::take(table);
                self.table = None;
                let mut rows = table.rows.into_iter().filter(|row| !row.is_empty());
                let grid = Grid { header: rows.next().unwrap_or_default(), rows: rows.collect() };
                self.push(Span::new(table.start, end), MarkdownNodeKind::Table(grid));
            }
            (name, None) => {
                if let Some(heading) = self.heading.take_if(|heading| level(name) == Some(heading.level)) {
                    let words: Vec<&str> = heading.title.split_whitespace().collect();
                    let kind = MarkdownNodeKind::Heading { level: heading.level, title: words.join(" ") };
                    self.push(Span::new(heading.start, end), kind);
                }
            }
            _ => {}
        }
    }

    fn push(&mut self, span: Span, kind: MarkdownNodeKind) {
        self.push_rest(span.start);
        self.nodes.push(MarkdownNode { span, kind });
        self.rest = span.end;
    }

    /// Adds the remaining HTML up to a byte offset as a node.
    fn push_rest(&mut self, end: usize) {
        let rest = Span::new(self.rest, end).trimmed(self.text);
        if !rest.is_empty() {
            self.nodes.push(MarkdownNode { span: rest, kind: MarkdownNodeKind::Html });
        }
    }

    fn finish(mut self) -> Vec<MarkdownNode> {
        self.push_rest(self.block.end);
        self.nodes
    }
}

impl HtmlTable {
    fn end_cell(&mut self, text: &str, end: usize) {
        if let (Some(start), Some(row)) = (self.cell.take(), self.rows.last_mut()) {
            row.push(Span::new(start, end).trimmed(text));
        }
    }
}

/// Returns the level of the tags `h1` to `h6`.
fn level(name: &[u8]) -> Option<u8> {
    match name {
        [b'h', digit @ b'1'..=b'6'] => Some(digit - b'0'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        let name = |node: MarkdownNode| match node.kind {
            MarkdownNodeKind::Heading { level, title } => format!("h{level} {title}: {}", node.span.slice(text)),
            MarkdownNodeKind::Table(grid) => {
                let row = |row: &Vec<Span>| row.iter().map(|cell| cell.slice(text)).collect::<Vec<_>>().join("/");
                let rows: Vec<String> = std::iter::once(&grid.header).chain(&grid.rows).map(row).collect();
                format!("table {}", rows.join(" "))
            }
            _ => format!("html {}", node.span.slice(text)),
        };
        nodes(text, Span::new(0, text.len())).into_iter().map(name).collect()
    }

    #[test]
    fn finds_headings_and_tables_between_other_html() {
        assert_eq!(
            read("<div>\n<h3 id=\"a\">1. <b>Log</b> in</h3>\n<p>x</p>\n"),
            ["html <div>", "h3 1. Log in: <h3 id=\"a\">1. <b>Log</b> in</h3>", "html <p>x</p>"]
        );
        assert_eq!(
            read("<table><tr><th>Status</th><th> Points</th></tr>\n<tr><td>Done<td>8</tr></table>"),
            ["table Status/Points Done/8"]
        );
        assert_eq!(read("<p>é <H2>Ä</H2>"), ["html <p>é", "h2 Ä: <H2>Ä</H2>"]);
    }

    #[test]
    fn treats_unclosed_elements_as_html() {
        assert_eq!(read("<h3>Title\n"), ["html <h3>Title"]);
        assert_eq!(read("<table><tr><td>1"), ["html <table><tr><td>1"]);
        assert_eq!(read("<!-- <h3>x</h3> -->"), ["html <!-- <h3>x</h3> -->"]);
    }
}
