//! Line-based parser for the body of an AUTO block, so that a template can keep or replace its parts.

use super::fields;
use crate::text::{Span, emoji, lines, slug};

/// Consecutive lines of a body that form one element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Span of its lines, including line ends.
    pub span: Span,
    pub kind: PieceKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PieceKind {
    /// ATX heading.
    Heading {
        /// 1 to 6.
        level: usize,
        title: String,
    },
    /// `Label: value`, with or without a bullet, on one line.
    Pair(LabelledLine),
    /// Table: adjacent lines that start with `|`.
    Table,
    /// Entries of a bullet list that are not pairs, or any entries of a numbered list.
    List,
    Code,
    /// Any other lines.
    Text,
    /// Line that is empty or only white space.
    Blank,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LabelledLine {
    /// Label as written, without backticks and asterisks.
    pub label: Span,
    /// Value; empty if there is none.
    pub value: Span,
}

/// Parses the body at `span`. The pieces are in order and cover the whole span.
pub fn read(text: &str, span: Span) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut fence: Option<&str> = None;
    let mut start = span.start;
    for line in lines::of(text, span) {
        let end = lines::after_line_ending(text, line.end).min(span.end);
        let whole = Span::new(start, end);
        start = end;
        let content = line.trimmed(text);
        let words = content.slice(text);
        if let Some(open) = fence {
            extend(&mut pieces, whole);
            if closes_fence(words, open) {
                fence = None;
            }
            continue;
        }
        let nested = content.start >= line.start + 2 && !words.is_empty();
        if nested && matches!(pieces.last(), Some(Piece { kind: PieceKind::List, .. })) {
            extend(&mut pieces, whole);
            continue;
        }
        fence = opened_fence(words);
        let kind = if fence.is_some() { PieceKind::Code } else { kind(text, content) };
        // Adjacent lines of the same kind form one table, list or text.
        let is_continuable = matches!(kind, PieceKind::Table | PieceKind::List | PieceKind::Text);
        match pieces.last() {
            Some(last) if is_continuable && last.kind == kind => extend(&mut pieces, whole),
            _ => pieces.push(Piece { span: whole, kind }),
        }
    }
    pieces
}

/// Returns the offset of a code fence that is never closed.
pub fn open_fence(text: &str) -> Option<usize> {
    let mut fence: Option<(usize, &str)> = None;
    for line in lines::of(text, Span::new(0, text.len())) {
        let words = line.slice(text).trim();
        fence = match fence {
            Some((_, open)) if closes_fence(words, open) => None,
            None => opened_fence(words).map(|open| (line.start, open)),
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

/// Returns the code fence that a line opens.
fn opened_fence(words: &str) -> Option<&str> {
    let mark = words.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
    let fence = &words[..words.len() - words.trim_start_matches(mark).len()];
    let plain = mark == '~' || !words[fence.len()..].contains('`');
    (fence.len() >= 3 && plain).then_some(fence)
}

fn closes_fence(words: &str, fence: &str) -> bool {
    words.starts_with(fence) && words.bytes().all(|byte| byte == fence.as_bytes()[0])
}

/// Returns the level and the plain title of an ATX heading.
fn heading(words: &str) -> Option<(usize, String)> {
    let rest = words.trim_start_matches('#');
    let level = words.len() - rest.len();
    let is_heading = (1..=6).contains(&level) && rest.starts_with(' ');
    is_heading.then(|| (level, fields::plain(rest.trim().trim_end_matches('#'))))
}

/// Returns the length of a bullet at the start, including white space; 0 if there is none.
pub fn bullet(words: &str) -> usize {
    if words.starts_with(['-', '*', '+']) { with_space(words, 1) } else { 0 }
}

/// Returns the length of an ordinal (`1.`, `1)`) at the start, including white space; 0 if there is none.
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
        return Some(LabelledLine { label: trim_label(text, field.label)?, value: field.value });
    }
    let words = span.slice(text);
    let colon = words
        .match_indices(':')
        .map(|(at, _)| at)
        .find(|at| words[at + 1..].is_empty() || words[at + 1..].starts_with(' '))?;
    let label = trim_label(text, Span::new(span.start, span.start + colon))?;
    Some(LabelledLine { label, value: Span::new(span.start + colon + 1, span.end).trimmed(text) })
}

/// Trims marks at both ends of a label and emoji before it; returns `None` if only marks remain.
fn trim_label(text: &str, span: Span) -> Option<Span> {
    let label = span.slice(text);
    let marks = |c: char| c.is_whitespace() || matches!(c, '*' | '`');
    let words = emoji::split_leading(label.trim_start_matches(marks)).1.trim_start_matches(marks);
    let words = if words.is_empty() { label.trim_start_matches(marks) } else { words };
    let start = span.start + (label.len() - words.len());
    let length = words.trim_end_matches(marks).len();
    (length > 0).then(|| Span::new(start, start + length))
}

/// Splits a table line into cells; `\|` is a bar inside a cell.
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

/// Returns the rows of a two-column table of labels and values, such as `Metric | Value`, each with its line; `None`
/// for any other table.
pub fn value_rows(table: &str) -> Option<Vec<(Span, LabelledLine)>> {
    const VALUES: &[&str] = &["value", "values", "count", "number", "amount", "total", "current"];
    let mut lines = lines::of(table, Span::new(0, table.len()));
    let (header, rule) = (cells(lines.next()?.slice(table)), cells(lines.next()?.slice(table)));
    if header.len() != 2 || !is_rule(&rule) || !VALUES.contains(&slug(&fields::plain(&header[1])).as_str()) {
        return None;
    }
    let row = |line: Span| {
        let whole = Span::new(line.start, lines::after_line_ending(table, line.end));
        let pair = row_pair(line.slice(table))?;
        let shift = |span: Span| span.shifted(line.start);
        Some((whole, LabelledLine { label: shift(pair.label), value: shift(pair.value) }))
    };
    lines.map(row).collect()
}

/// Parses a line `| Label | value |`.
pub fn row_pair(line: &str) -> Option<LabelledLine> {
    let start = line.len() - line.trim_start().len();
    let inner = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    let bar = inner.find('|')?;
    if inner.contains('\\') || inner[bar + 1..].contains('|') {
        return None;
    }
    let from = start + 1;
    let label = trim_label(line, Span::new(from, from + bar))?;
    let value = Span::new(from + bar + 1, from + inner.len()).trimmed(line);
    Some(LabelledLine { label, value })
}

/// Returns `true` if the cells form the delimiter row between the header and the rows of a table.
pub fn is_rule(cells: &[String]) -> bool {
    let rule = |cell: &String| cell.contains('-') && cell.chars().all(|c| matches!(c, '-' | ':'));
    !cells.is_empty() && cells.iter().all(rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_a_body_into_pieces_that_cover_it() {
        let body = "A: 1\r\n- **B**: 2\n- plain\n- more\n\n### T `x`\n| a |\n|---|\n1. **C**: 3\n2. d\n~~~\nA: 1\n~~~\ntext\nmore: text\nlast";
        let pieces = read(body, Span::new(0, body.len()));
        let summaries: Vec<String> = pieces
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
        assert_eq!(summaries, expected);
        let whole: String = pieces.iter().map(|piece| piece.span.slice(body)).collect();
        assert_eq!(whole, body);
    }
}
