//! Top-level blocks of a Markdown body, as a flat list in document order.
//!
//! `pulldown-cmark` recognizes the blocks (CommonMark 0.31, with tables and task lists of GFM). Texts are slices of the
//! source, so that each has a location.

use std::borrow::Cow;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use super::{html, scan};
use crate::text::Span;

/// Top-level block of a Markdown body.
#[derive(Clone, Debug)]
pub struct MarkdownNode {
    /// Span without surrounding blank lines.
    pub span: Span,
    pub kind: MarkdownNodeKind,
}

/// Kinds of block that phx distinguishes.
#[derive(Clone, Debug)]
pub enum MarkdownNodeKind {
    Heading {
        /// 1 to 6.
        level: u8,
        /// Title as plain text.
        title: String,
    },
    Paragraph,
    List(Vec<ListItem>),
    Table(Grid),
    /// Fenced or indented code block.
    Code {
        /// First word of the info string (CommonMark section 4.5); empty if there is none.
        language: String,
        /// Content without fences and indentation.
        code: String,
    },
    /// Raw HTML, including comments.
    Html,
    Quote,
    /// Thematic break or any other block.
    Other,
}

#[derive(Clone, Debug)]
pub struct ListItem {
    /// Span of its first paragraph, without nested blocks.
    pub span: Span,
    /// Whether the task is done; `None` if the entry is not a task.
    pub done: Option<bool>,
    /// Entries of nested lists.
    pub children: Vec<ListItem>,
}

impl ListItem {
    /// Byte offset at which its last nested entry ends.
    pub fn end(&self) -> usize {
        self.children.last().map_or(self.span.end, Self::end)
    }
}

impl ListItem {
    /// Returns its first paragraph as Markdown on one line.
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        one_line(self.span.slice(text))
    }
}

/// Table as spans of its cells, without surrounding white space.
#[derive(Clone, Debug, Default)]
pub struct Grid {
    /// Cells of the first row.
    pub header: Vec<Span>,
    /// Cells of each row after the header.
    pub rows: Vec<Vec<Span>>,
}

/// Returns a cell as Markdown, with `\|` replaced by `|`.
pub fn cell(text: &str, span: Span) -> Cow<'_, str> {
    let cell = span.slice(text);
    if cell.contains("\\|") { Cow::Owned(cell.replace("\\|", "|")) } else { Cow::Borrowed(cell) }
}

/// Blocks of a body, and the spans of HTML in it.
#[derive(Clone, Debug, Default)]
pub struct Nodes {
    /// Top-level blocks in order.
    pub nodes: Vec<MarkdownNode>,
    /// HTML blocks at any depth.
    pub html: Vec<Span>,
    /// Inline HTML at any depth.
    pub inline_html: Vec<Span>,
    /// First list entry that is nested deeper than [`DEPTH`]; such entries are omitted.
    pub too_deep: Option<Span>,
}

/// Maximum depth of nested lists.
pub const DEPTH: usize = 64;

/// Parses the blocks of `text[start..]`, with the line scanner if it suffices.
pub fn parse(text: &str, start: usize) -> Nodes {
    scan::scan(text, start).unwrap_or_else(|| parse_markdown(text, start))
}

/// Parses the blocks of `text[start..]` with `pulldown-cmark`.
pub fn parse_markdown(text: &str, start: usize) -> Nodes {
    let options = Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS | Options::ENABLE_STRIKETHROUGH;
    let mut builder = NodeBuilder::new(text);
    for (event, range) in Parser::new_ext(&text[start..], options).into_offset_iter() {
        builder.handle_event(&event, Span::from(range).shifted(start));
    }
    builder.out
}

/// List entry that is not closed yet.
struct OpenItem {
    text: Option<Span>,
    span: Span,
    done: Option<bool>,
    children: Vec<ListItem>,
    takes_text: bool,
}

struct NodeBuilder<'t> {
    text: &'t str,
    out: Nodes,
    depth: usize,
    title: String,
    code: String,
    in_code: bool,
    grid: Grid,
    items: Vec<OpenItem>,
    top: Vec<ListItem>,
    lazy: Vec<Span>,
}

impl<'t> NodeBuilder<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            text,
            out: Nodes::default(),
            depth: 0,
            title: String::new(),
            code: String::new(),
            in_code: false,
            grid: Grid::default(),
            items: Vec::new(),
            top: Vec::new(),
            lazy: Vec::new(),
        }
    }

    fn handle_event(&mut self, event: &Event<'_>, span: Span) {
        match event {
            Event::Start(tag) => {
                self.start(tag, span);
                self.depth += 1;
            }
            Event::End(end) => {
                self.depth -= 1;
                self.end(*end, span);
            }
            Event::Text(text) => {
                self.inline(span);
                match self.depth {
                    0 => {}
                    _ if self.in_code => self.code.push_str(text),
                    _ => self.title.push_str(text),
                }
            }
            Event::Code(text) => {
                self.inline(span);
                self.title.push_str(text);
            }
            Event::SoftBreak | Event::HardBreak => {
                self.inline(span);
                self.title.push(' ');
            }
            Event::InlineHtml(_) => {
                self.inline(span);
                self.out.inline_html.push(span);
            }
            Event::TaskListMarker(done) => {
                if let Some(item) = self.items.last_mut() {
                    item.done = Some(*done);
                }
            }
            Event::Rule if self.depth == 0 => self.push(span, MarkdownNodeKind::Other),
            _ => {}
        }
    }

    fn start(&mut self, tag: &Tag<'_>, span: Span) {
        let top = self.depth == 0;
        match tag {
            Tag::Paragraph => {
                if let Some(item) = self.items.last_mut() {
                    item.takes_text &= item.text.is_none();
                }
            }
            Tag::Heading { .. } => {
                self.close_item_text();
                self.title.clear();
            }
            Tag::Item => {
                self.items.push(OpenItem { text: None, span, done: None, children: Vec::new(), takes_text: true });
            }
            Tag::HtmlBlock => {
                self.close_item_text();
                self.out.html.push(span);
            }
            Tag::CodeBlock(kind) => {
                self.close_item_text();
                self.in_code = true;
                if top {
                    self.code.clear();
                    let language = match kind {
                        CodeBlockKind::Fenced(info) => info.split_whitespace().next().unwrap_or(""),
                        CodeBlockKind::Indented => "",
                    };
                    let language = language.to_owned();
                    self.push(span, MarkdownNodeKind::Code { language, code: String::new() });
                }
            }
            Tag::Table(_) => {
                self.close_item_text();
                self.grid = Grid::default();
            }
            Tag::TableRow => self.grid.rows.push(Vec::new()),
            Tag::List(_) | Tag::BlockQuote(_) => self.close_item_text(),
            Tag::TableCell => self.cell(span),
            Tag::Emphasis | Tag::Strong | Tag::Strikethrough | Tag::Link { .. } | Tag::Image { .. } => {
                self.inline(span);
            }
            _ => {}
        }
    }

    fn end(&mut self, end: TagEnd, span: Span) {
        let top = self.depth == 0;
        match end {
            TagEnd::Paragraph if top => self.push(span, MarkdownNodeKind::Paragraph),
            TagEnd::Paragraph => self.close_item_text(),
            TagEnd::Heading(level) if top => {
                let title = std::mem::take(&mut self.title).trim().to_owned();
                let level = level as u8;
                self.push(span, MarkdownNodeKind::Heading { level, title });
            }
            TagEnd::CodeBlock if top => {
                self.in_code = false;
                let text = std::mem::take(&mut self.code);
                if let Some(MarkdownNodeKind::Code { code, .. }) = self.out.nodes.last_mut().map(|n| &mut n.kind) {
                    *code = text;
                }
            }
            TagEnd::CodeBlock => self.in_code = false,
            TagEnd::HtmlBlock if top => {
                self.out.nodes.extend(html::nodes(self.text, span));
                self.title.clear();
            }
            TagEnd::BlockQuote(_) if top => self.push(span, MarkdownNodeKind::Quote),
            TagEnd::Item => self.end_item(),
            TagEnd::List(_) if top => {
                let items = std::mem::take(&mut self.top);
                self.push(span, MarkdownNodeKind::List(items));
                for lazy in std::mem::take(&mut self.lazy) {
                    self.push(lazy, MarkdownNodeKind::Paragraph);
                }
            }
            TagEnd::Table if top => {
                let grid = std::mem::take(&mut self.grid);
                self.push(span, MarkdownNodeKind::Table(grid));
            }
            _ if top => self.push(span, MarkdownNodeKind::Other),
            _ => {}
        }
    }

    fn push(&mut self, span: Span, kind: MarkdownNodeKind) {
        self.out.nodes.push(MarkdownNode { span: span.trimmed(self.text), kind });
        self.title.clear();
    }

    fn close_item_text(&mut self) {
        if let Some(item) = self.items.last_mut() {
            item.takes_text = false;
        }
    }

    /// Extends the text of the current list entry by inline content.
    fn inline(&mut self, span: Span) {
        if let Some(item) = self.items.last_mut()
            && item.takes_text
        {
            let known = item.text.unwrap_or(span);
            item.text = Some(Span::new(known.start, known.end.max(span.end)));
        }
    }

    fn cell(&mut self, span: Span) {
        let cell = span.trimmed(self.text);
        match self.grid.rows.last_mut() {
            Some(row) => row.push(cell),
            None => self.grid.header.push(cell),
        }
    }

    fn end_item(&mut self) {
        let Some(open) = self.items.pop() else {
            return;
        };
        if self.items.len() >= DEPTH {
            // Nested entries end before their parents, so an earlier start replaces a later one.
            let first = self.out.too_deep.filter(|known| known.start < open.span.start);
            self.out.too_deep = first.or(Some(open.span));
            return;
        }
        let span = self.without_lazy_fields(open.text.unwrap_or(Span::at(open.span.start)));
        let item = ListItem { span, done: open.done, children: open.children };
        match self.items.last_mut() {
            Some(parent) => parent.children.push(item),
            None => self.top.push(item),
        }
    }

    /// Ends an entry before a line that starts with `**` or `:::` directly below a list. CommonMark treats such a line
    /// as a lazy continuation of the last entry (section 5.2), but authors use it for the next field, a total or the
    /// end of an admonition.
    fn without_lazy_fields(&mut self, span: Span) -> Span {
        let text = span.slice(self.text);
        let starts = memchr::memchr2_iter(b'\n', b'\r', text.as_bytes());
        let is_lazy = |at: &usize| text[at + 1..].starts_with("**") || text[at + 1..].starts_with(":::");
        let Some(at) = starts.into_iter().find(is_lazy) else {
            return span;
        };
        self.lazy.push(Span::new(span.start + at + 1, span.end));
        Span::new(span.start, span.start + at).trimmed(self.text)
    }
}

/// Joins the lines of a text: each line end and the white space around it becomes one space.
pub fn one_line(text: &str) -> Cow<'_, str> {
    if memchr::memchr2(b'\n', b'\r', text.as_bytes()).is_none() {
        return Cow::Borrowed(text.trim());
    }
    let lines = text.split(['\n', '\r']).map(|line| line.trim().trim_end_matches('\\'));
    let non_empty: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    Cow::Owned(non_empty.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<String> {
        let nodes = parse(text, 0).nodes;
        let name = |node: &MarkdownNode| match &node.kind {
            MarkdownNodeKind::Heading { level, title } => format!("h{level} {title}"),
            MarkdownNodeKind::Paragraph => format!("p {}", node.span.slice(text)),
            MarkdownNodeKind::List(items) => {
                let texts: Vec<_> = items.iter().map(|item| item.text(text)).collect();
                format!("list {}", texts.join("/"))
            }
            MarkdownNodeKind::Table(grid) => {
                let cells: Vec<_> =
                    grid.header.iter().chain(grid.rows.iter().flatten()).map(|span| cell(text, *span)).collect();
                format!("table {}", cells.join("/"))
            }
            MarkdownNodeKind::Code { language, code } => format!("code {language} {code:?}"),
            MarkdownNodeKind::Html => "html".to_owned(),
            MarkdownNodeKind::Quote => "quote".to_owned(),
            MarkdownNodeKind::Other => "other".to_owned(),
        };
        nodes.iter().map(name).collect()
    }

    #[test]
    fn distinguishes_kinds_of_block() {
        let text = "# A `b` **c**\n\npara\n\n```rust x\nlet a;\n```\n\n| h | i |\n|---|---|\n| 1 | 2\\|3 |\n\n---\n<!-- c -->\n";
        assert_eq!(kinds(text), ["h1 A b c", "p para", "code rust \"let a;\\n\"", "table h/i/1/2|3", "other", "html"]);
    }

    #[test]
    fn ends_a_list_at_a_bold_line() {
        let text = "1. one (5 points)\n2. two\n   goes on\n**Total: 7**\n";
        assert_eq!(kinds(text), ["list one (5 points)/two goes on", "p **Total: 7**"]);
    }

    #[test]
    fn reads_tasks_and_nested_entries() {
        let text = "- [x] a **b**\n  - c\n- [ ] d\n- e\n";
        let nodes = parse(text, 0).nodes;
        let MarkdownNodeKind::List(items) = &nodes[0].kind else {
            panic!("expected a list");
        };
        assert_eq!(items[0].text(text), "a **b**");
        assert_eq!(items[0].children[0].text(text), "c");
        let done: Vec<_> = items.iter().map(|item| item.done).collect();
        assert_eq!(done, [Some(true), Some(false), None]);
    }
}
