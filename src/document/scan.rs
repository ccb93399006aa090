//! Fast line scanner for the blocks of plain Markdown.
//!
//! Most documents consist of headings, paragraphs, flat lists, fences, tables and comments without indentation. For
//! those, the scanner finds the same blocks as `pulldown-cmark`, about ten times faster. At the first ambiguous line
//! (indentation, quote, setext underline, nested or lazy entry, HTML) it gives up, and the parser is used. A test
//! compares both on generated documents.

use super::line::{Start, ends_with_backslash, is_blank, is_dashes, start};
use super::nodes::{self, Grid, ListItem, MarkdownNode, MarkdownNodeKind, Nodes};
use crate::text::Span;

/// Returns the nodes of `text[start..]`, or `None` if the parser is required.
pub fn scan(text: &str, start: usize) -> Option<Nodes> {
    let body = text.as_bytes().get(start..)?;
    // A CR without LF also ends a line, and CommonMark replaces NUL (section 2.3): both are left to the parser.
    let needs_parser = |at: usize| body[at] == 0 || body.get(at + 1) != Some(&b'\n');
    if memchr::memchr2_iter(b'\r', 0, body).any(needs_parser) {
        return None;
    }
    let mut scanner = Scanner { text, bytes: text.as_bytes(), at: start, out: Nodes::default() };
    while let Some(line) = scanner.peek() {
        scanner.block(line)?;
    }
    Some(scanner.out)
}

/// Span of a line without its line end, and the start of the next line.
#[derive(Clone, Copy)]
struct ScanLine {
    span: Span,
    next: usize,
}

struct Scanner<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    out: Nodes,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<ScanLine> {
        self.line(self.at)
    }

    fn line(&self, start: usize) -> Option<ScanLine> {
        let rest = self.bytes.get(start..).filter(|rest| !rest.is_empty())?;
        let (mut end, next) = match memchr::memchr(b'\n', rest) {
            Some(length) => (start + length, start + length + 1),
            None => (self.bytes.len(), self.bytes.len()),
        };
        if end > start && self.bytes[end - 1] == b'\r' && next > end {
            end -= 1;
        }
        Some(ScanLine { span: Span::new(start, end), next })
    }

    fn slice(&self, line: ScanLine) -> &[u8] {
        &self.bytes[line.span.start..line.span.end]
    }

    fn push(&mut self, span: Span, kind: MarkdownNodeKind) {
        self.out.nodes.push(MarkdownNode { span: span.trimmed(self.text), kind });
    }

    /// Scans the block that starts at a line. Returns `None` if the parser is required.
    fn block(&mut self, line: ScanLine) -> Option<()> {
        if is_blank(self.slice(line)) {
            self.at = line.next;
            return Some(());
        }
        match start(self.slice(line))? {
            Start::Heading(level) => self.heading(line, level),
            Start::Fence => self.fence(line)?,
            Start::Rule => {
                self.push(line.span, MarkdownNodeKind::Other);
                self.at = line.next;
            }
            Start::Comment => {
                self.out.html.push(Span::new(line.span.start, line.next));
                self.push(line.span, MarkdownNodeKind::Html);
                self.at = line.next;
            }
            Start::Entry { mark, text, .. } => self.list(line, mark, text)?,
            Start::Row => self.table(line)?,
            Start::Text => self.paragraph(line)?,
        }
        Some(())
    }

    fn heading(&mut self, line: ScanLine, level: u8) {
        let content = &self.text[line.span.start + usize::from(level)..line.span.end];
        let plain =
            content.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" -.,:()/?'%".contains(&byte) || byte >= 0x80);
        let title = if plain {
            content.trim_matches([' ', '\t']).to_owned()
        } else {
            // Inline Markdown in the title is parsed by the parser, only for this line.
            let parsed = nodes::parse_markdown(&self.text[line.span.start..line.span.end], 0).nodes.pop();
            match parsed.map(|node| node.kind) {
                Some(MarkdownNodeKind::Heading { title, .. }) => title,
                _ => String::new(),
            }
        };
        self.push(line.span, MarkdownNodeKind::Heading { level, title });
        self.at = line.next;
    }

    fn fence(&mut self, line: ScanLine) -> Option<()> {
        let opener = self.slice(line);
        let mark = opener[0];
        let length = opener.iter().take_while(|byte| **byte == mark).count();
        let info = self.text[line.span.start + length..line.span.end].trim();
        if info.contains(['`', '\\', '&']) {
            return None;
        }
        let language = info.split_whitespace().next().unwrap_or("").to_owned();
        let mut code = String::new();
        let mut at = line.next;
        loop {
            let inside = self.line(at)?;
            let content = &self.text[inside.span.start..inside.span.end];
            let closer = content.trim_start_matches(' ');
            let indent = content.len() - closer.len();
            let run = closer.bytes().take_while(|byte| *byte == mark).count();
            if indent < 4 && run >= length && closer[run..].trim_matches([' ', '\t']).is_empty() {
                self.push(Span::new(line.span.start, inside.span.end), MarkdownNodeKind::Code { language, code });
                self.at = inside.next;
                return Some(());
            }
            code.push_str(content);
            code.push('\n');
            at = inside.next;
        }
    }

    fn list(&mut self, first: ScanLine, mark: u8, text: usize) -> Option<()> {
        let mut items = vec![self.entry(first, text)?];
        let mut end = first.span.end;
        let mut lazy = None;
        let mut at = first.next;
        while let Some(line) = self.line(at) {
            let content = self.slice(line);
            if is_blank(content) {
                at = line.next;
                continue;
            }
            let adjoins = line.span.start == self.next_of(end);
            match start(content)? {
                Start::Entry { mark: other, text, .. } if other == mark => {
                    items.push(self.entry(line, text)?);
                    end = line.span.end;
                    at = line.next;
                }
                // A bold line directly below: see `NodeBuilder::without_lazy_fields`.
                Start::Text if adjoins && content.starts_with(b"**") => {
                    let last = self.paragraph_end(line)?;
                    lazy = Some(Span::new(line.span.start, last.span.end));
                    at = last.next;
                    // The next line may still belong to the list.
                    end = last.span.end;
                    if let Some(next) = self.next_text(at)
                        && match start(self.slice(next))? {
                            Start::Entry { mark: other, .. } => other == mark,
                            Start::Row => next.span.start == at,
                            _ => false,
                        }
                    {
                        return None;
                    }
                    break;
                }
                Start::Text | Start::Row if adjoins => return None,
                _ => break,
            }
        }
        self.push(Span::new(first.span.start, end), MarkdownNodeKind::List(items));
        if let Some(lazy) = lazy {
            self.push(lazy, MarkdownNodeKind::Paragraph);
        }
        self.at = self.next_of(end);
        Some(())
    }

    /// Returns the start of the line after a line that ends at `end`.
    fn next_of(&self, end: usize) -> usize {
        match self.bytes.get(end) {
            Some(b'\r') => end + 2,
            Some(_) => end + 1,
            None => end,
        }
    }

    /// Returns the first non-blank line from `at` on.
    fn next_text(&self, mut at: usize) -> Option<ScanLine> {
        loop {
            let line = self.line(at)?;
            if !is_blank(self.slice(line)) {
                return Some(line);
            }
            at = line.next;
        }
    }

    fn entry(&self, line: ScanLine, text: usize) -> Option<ListItem> {
        let mut span = Span::new(line.span.start + text, line.span.end).trimmed(self.text);
        let content = span.slice(self.text);
        let mut done = None;
        if content.starts_with('[') {
            done = match content.get(..4) {
                Some("[ ] ") => Some(false),
                Some("[x] " | "[X] ") => Some(true),
                // A link or a link reference definition.
                _ => return None,
            };
            span = Span::new(span.start + 4, span.end).trimmed(self.text);
        }
        let content = span.slice(self.text).as_bytes();
        let plain = content
            .first()
            .is_some_and(|first| first.is_ascii_alphanumeric() || *first >= 0x80 || b"`*$(\"'/.".contains(first));
        // An entry that starts with a nested block is left to the parser; a word does not start a block.
        let is_word = content.first().is_some_and(|first| first.is_ascii_alphabetic() || *first >= 0x80);
        let inner = is_word || (plain && start(content) == Some(Start::Text));
        (inner && !ends_with_backslash(content)).then(|| ListItem { span, done, children: Vec::new() })
    }

    fn table(&mut self, first: ScanLine) -> Option<()> {
        let rule = self.line(first.next)?;
        let header = self.cells(first)?;
        let is_rule = |cell: &Span| {
            let cell = cell.slice(self.text).as_bytes();
            let inner = cell.strip_prefix(b":").unwrap_or(cell);
            let inner = inner.strip_suffix(b":").unwrap_or(inner);
            !inner.is_empty() && inner.iter().all(|byte| *byte == b'-')
        };
        if self.slice(rule).first() != Some(&b'|') {
            return None;
        }
        let rules = self.cells(rule)?;
        if rules.len() != header.len() || !rules.iter().all(is_rule) {
            return None;
        }
        let mut rows = Vec::new();
        let mut end = rule.span.end;
        let mut at = rule.next;
        while let Some(line) = self.line(at) {
            let content = self.slice(line);
            if is_blank(content) {
                break;
            }
            match start(content)? {
                Start::Row => {
                    let cells = self.cells(line)?;
                    if cells.len() != header.len() {
                        return None;
                    }
                    rows.push(cells);
                    end = line.span.end;
                    at = line.next;
                }
                Start::Text => return None,
                _ => break,
            }
        }
        self.push(Span::new(first.span.start, end), MarkdownNodeKind::Table(Grid { header, rows }));
        self.at = at;
        Some(())
    }

    /// Returns the cells of a line that starts and ends with `|`.
    fn cells(&self, line: ScanLine) -> Option<Vec<Span>> {
        let span = line.span.trimmed(self.text);
        let content = span.slice(self.text).as_bytes();
        if content.len() < 3 || content[content.len() - 1] != b'|' || content.contains(&b'\\') {
            return None;
        }
        let bars: Vec<usize> = memchr::memchr_iter(b'|', content).collect();
        let cells = bars.windows(2).map(|pair| Span::new(span.start + pair[0] + 1, span.start + pair[1]));
        let cells: Vec<Span> = cells.map(|cell| cell.trimmed(self.text)).collect();
        // Scanner and parser would assign different spans to an empty cell.
        (!cells.iter().any(|cell| cell.is_empty())).then_some(cells)
    }

    fn paragraph(&mut self, first: ScanLine) -> Option<()> {
        let last = self.paragraph_end(first)?;
        self.push(Span::new(first.span.start, last.span.end), MarkdownNodeKind::Paragraph);
        self.at = last.next;
        Some(())
    }

    /// Returns the last line of the paragraph that starts at a line.
    fn paragraph_end(&self, first: ScanLine) -> Option<ScanLine> {
        let mut last = first;
        if self.slice(first)[0] == b'[' && self.slice(first).windows(2).any(|pair| pair == b"]:") {
            return None;
        }
        while let Some(line) = self.line(last.next) {
            let content = self.slice(line);
            if is_blank(content) {
                break;
            }
            match start(content)? {
                Start::Text => last = line,
                // `---` directly below a paragraph makes it a setext heading.
                Start::Rule | Start::Entry { interrupts: false, .. } => return None,
                Start::Row => {
                    let under = self.line(line.next).map(|under| self.slice(under)).unwrap_or_default();
                    // The line above a delimiter row is a table header, with or without bars at its ends.
                    if is_dashes(content) || !is_dashes(under) {
                        return None;
                    }
                    break;
                }
                _ => break,
            }
        }
        (!ends_with_backslash(self.slice(last))).then_some(last)
    }
}

#[cfg(test)]
mod tests;
