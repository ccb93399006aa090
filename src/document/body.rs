//! The body of an AUTO block, taken apart line by line: what a template may keep, and what it may replace.

use super::fields;
use crate::text::{Span, emoji, lines, slug};

/// One part of a body: whole lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Its lines, line ends included.
    pub span: Span,
    /// What it is.
    pub kind: PieceKind,
}

/// What a piece is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PieceKind {
    /// A sub-heading: the words of an ATX heading.
    Heading {
        /// 1 to 6.
        level: usize,
        /// Its words, plain.
        title: String,
    },
    /// `Label: value`, with or without a bullet, on one line.
    Pair(LabelledLine),
    /// A table: adjacent lines that start with `|`.
    Table,
    /// Entries of a list that are no pairs; of a numbered list all entries.
    List,
    /// Fenced code.
    Code,
    /// Other lines.
    Text,
    /// A line of white space.
    Blank,
}

/// A label and its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LabelledLine {
    /// The label as it is written, backticks and asterisks left out.
    pub label: Span,
    /// The value; empty where there is none.
    pub value: Span,
}

/// Takes the body at `span` apart. The pieces are in order and cover it.
pub fn read(text: &str, span: Span) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut fence: Option<&str> = None;
    let mut start = span.start;
    for line in lines::of(text, span) {
        let end = lines::behind(text, line.end).min(span.end);
        let whole = Span::new(start, end);
        start = end;
        let content = line.trimmed(text);
        let words = content.slice(text);
        if let Some(open) = fence {
            extend(&mut pieces, whole);
            if closes(words, open) {
                fence = None;
            }
            continue;
        }
        let nested = content.start >= line.start + 2 && !words.is_empty();
        if nested && matches!(pieces.last(), Some(Piece { kind: PieceKind::List, .. })) {
            extend(&mut pieces, whole);
            continue;
        }
        fence = opens(words);
        let kind = if fence.is_some() { PieceKind::Code } else { kind(text, content) };
        // A table, a list or a text goes on as long as its lines do.
        let goes_on = matches!(kind, PieceKind::Table | PieceKind::List | PieceKind::Text);
        match pieces.last() {
            Some(last) if goes_on && last.kind == kind => extend(&mut pieces, whole),
            _ => pieces.push(Piece { span: whole, kind }),
        }
    }
    pieces
}

/// Where fenced code starts that is never closed.
pub fn open_fence(text: &str) -> Option<usize> {
    let mut fence: Option<(usize, &str)> = None;
    for line in lines::of(text, Span::new(0, text.len())) {
        let words = line.slice(text).trim();
        fence = match fence {
            Some((_, open)) if closes(words, open) => None,
            None => opens(words).map(|open| (line.start, open)),
            open => open,
        };
    }
    fence.map(|(at, _)| at)
}

fn extend(pieces: &mut [Piece], line: Span) {
    if let Some(last) = pieces.last_mut() {
        last.span.end = line.end;
    }
}

fn kind(text: &str, content: Span) -> PieceKind {
    let words = content.slice(text);
    if words.is_empty() {
        return PieceKind::Blank;
    }
    if words.starts_with('|') {
        return PieceKind::Table;
    }
    if let Some((level, title)) = heading(words) {
        return PieceKind::Heading { level, title };
    }
    if ordinal(words) > 0 {
        return PieceKind::List;
    }
    let bullet = bullet(words);
    match pair(text, Span::new(content.start + bullet, content.end)) {
        Some(pair) => PieceKind::Pair(pair),
        None if bullet > 0 => PieceKind::List,
        None => PieceKind::Text,
    }
}

/// The fence that a line opens.
fn opens(words: &str) -> Option<&str> {
    let mark = words.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
    let fence = &words[..words.len() - words.trim_start_matches(mark).len()];
    let plain = mark == '~' || !words[fence.len()..].contains('`');
    (fence.len() >= 3 && plain).then_some(fence)
}

fn closes(words: &str, fence: &str) -> bool {
    words.starts_with(fence) && words.bytes().all(|byte| byte == fence.as_bytes()[0])
}

/// The level and the words of an ATX heading.
fn heading(words: &str) -> Option<(usize, String)> {
    let rest = words.trim_start_matches('#');
    let level = words.len() - rest.len();
    let is_heading = (1..=6).contains(&level) && rest.starts_with(' ');
    is_heading.then(|| (level, fields::plain(rest.trim().trim_end_matches('#'))))
}

/// The length of a bullet at the start, white space included.
pub fn bullet(words: &str) -> usize {
    if words.starts_with(['-', '*', '+']) { with_space(words, 1) } else { 0 }
}

/// The length of an ordinal at the start, white space included.
pub fn ordinal(words: &str) -> usize {
    match words.find(|c: char| !c.is_ascii_digit()) {
        Some(digits) if digits > 0 && words[digits..].starts_with(['.', ')']) => with_space(words, digits + 1),
        _ => 0,
    }
}

fn with_space(words: &str, marker: usize) -> usize {
    let rest = &words[marker..];
    let space = rest.len() - rest.trim_start().len();
    if space == 0 { 0 } else { marker + space }
}

/// Splits `Label: value`, `**Label**: value` or `**Label:** value`.
pub fn pair(text: &str, span: Span) -> Option<LabelledLine> {
    if let [field] = fields::bold_of_line(text, span).as_slice() {
        return Some(LabelledLine { label: core(text, field.label)?, value: field.value });
    }
    let words = span.slice(text);
    let colon = words
        .match_indices(':')
        .map(|(at, _)| at)
        .find(|at| words[at + 1..].is_empty() || words[at + 1..].starts_with(' '))?;
    let label = core(text, Span::new(span.start, span.start + colon))?;
    Some(LabelledLine { label, value: Span::new(span.start + colon + 1, span.end).trimmed(text) })
}

/// A label without the marks at its ends and the emoji before it; `None` for one of marks alone.
fn core(text: &str, span: Span) -> Option<Span> {
    let label = span.slice(text);
    let marks = |c: char| c.is_whitespace() || matches!(c, '*' | '`');
    let words = emoji::split_leading(label.trim_start_matches(marks)).1.trim_start_matches(marks);
    let words = if words.is_empty() { label.trim_start_matches(marks) } else { words };
    let start = span.start + (label.len() - words.len());
    let length = words.trim_end_matches(marks).len();
    (length > 0).then(|| Span::new(start, start + length))
}

/// The cells of a table's line; `\|` is a bar inside a cell.
pub fn cells(line: &str) -> Vec<String> {
    let inner = line.trim();
    let inner = inner.strip_prefix('|').unwrap_or(inner);
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

/// The rows of a table of labels and values, such as `Metric | Value`: each line with its pair. `None` for another table.
pub fn value_rows(table: &str) -> Option<Vec<(Span, LabelledLine)>> {
    const VALUES: &[&str] = &["value", "values", "count", "number", "amount", "total", "current"];
    let mut lines = lines::of(table, Span::new(0, table.len()));
    let (header, rule) = (cells(lines.next()?.slice(table)), cells(lines.next()?.slice(table)));
    if header.len() != 2 || !is_rule(&rule) || !VALUES.contains(&slug(&fields::plain(&header[1])).as_str()) {
        return None;
    }
    let row = |line: Span| {
        let whole = Span::new(line.start, lines::behind(table, line.end));
        let pair = row_pair(line.slice(table))?;
        let forth = |span: Span| span.shifted(line.start);
        Some((whole, LabelledLine { label: forth(pair.label), value: forth(pair.value) }))
    };
    lines.map(row).collect()
}

/// The pair in a line `| Label | value |`.
pub fn row_pair(line: &str) -> Option<LabelledLine> {
    let start = line.len() - line.trim_start().len();
    let inner = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    let bar = inner.find('|')?;
    if inner.contains('\\') || inner[bar + 1..].contains('|') {
        return None;
    }
    let from = start + 1;
    let label = core(line, Span::new(from, from + bar))?;
    let value = Span::new(from + bar + 1, from + inner.len()).trimmed(line);
    Some(LabelledLine { label, value })
}

/// Whether cells are those of the line between a table's header and its rows.
pub fn is_rule(cells: &[String]) -> bool {
    let rule = |cell: &String| cell.contains('-') && cell.chars().all(|c| matches!(c, '-' | ':'));
    !cells.is_empty() && cells.iter().all(rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_taken_apart_and_nothing_is_left_over() {
        let body = "A: 1\r\n- **B**: 2\n- plain\n- more\n\n### T `x`\n| a |\n|---|\n1. **C**: 3\n2. d\n~~~\nA: 1\n~~~\ntext\nmore: text\nlast";
        let pieces = read(body, Span::new(0, body.len()));
        let said: Vec<String> = pieces
            .iter()
            .map(|piece| match &piece.kind {
                PieceKind::Pair(pair) => format!("{}={}", pair.label.slice(body), pair.value.slice(body)),
                PieceKind::Heading { level, title } => format!("h{level} {title}"),
                kind => format!("{kind:?} {}", piece.span.slice(body).lines().count()),
            })
            .collect();
        let expected = [
            "A=1",
            "B=2",
            "List 2",
            "Blank 1",
            "h3 T x",
            "Table 2",
            "List 2",
            "Code 3",
            "Text 1",
            "more=text",
            "Text 1",
        ];
        assert_eq!(said, expected);
        let whole: String = pieces.iter().map(|piece| piece.span.slice(body)).collect();
        assert_eq!(whole, body);
    }
}
