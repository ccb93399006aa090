//! Parser for the estimates of steps: `Add a client (5 points)`, `Roll-out: 3 SP`, a table with a column of points.

use super::items::{FieldValue, Item};
use super::nodes::{Grid, ListItem, MarkdownNode, MarkdownNodeKind};
use super::quantity::{self, Quantity};
use super::shape::{NumberType, Shape, ValueType};
use super::{Document, inline, reader, vocabulary};
use crate::text::{Span, emoji, lines};

/// Estimate in a text.
#[derive(Clone, Debug, PartialEq)]
pub enum Estimate {
    /// The text contains no estimate.
    None,
    /// Number in the unit of the field.
    Number(f64),
    /// Estimate that is not one number: its span relative to the text, and the reason.
    Unreadable(Span, &'static str),
}

/// Total effort of the steps of a field that are not done.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Effort {
    /// Sum of the estimates of open steps; `None` if no step has an estimate.
    pub open: Option<f64>,
    /// Unreadable estimates: span in the document, and reason.
    pub unreadable: Vec<(Span, &'static str)>,
}

/// Sums the estimates of the open steps in the value of a field.
pub fn effort(document: &Document, value: &FieldValue, number: &NumberType) -> Effort {
    let mut sum = Sum { text: &document.text, number, effort: Effort::default() };
    match value {
        FieldValue::Text(span) => sum.lines(*span),
        FieldValue::List(items) => sum.items(items),
        FieldValue::Block(_) => {}
        FieldValue::MarkdownNode(index) => match &document.nodes[*index].kind {
            MarkdownNodeKind::List(items) => sum.items(items),
            MarkdownNodeKind::Table(grid) => sum.table(grid, &document.shape),
            _ => {}
        },
    }
    sum.effort
}

/// Returns the lines of an item that contain estimates outside its fields, such as a paragraph or a second list after
/// the steps.
pub fn outside_fields(document: &Document, item: &Item, number: &NumberType) -> Vec<Span> {
    let Some(index) = item.section() else { return Vec::new() };
    let content = document.outline.sections[index].content;
    let is_below = |other: &&Item| {
        other.section().is_some_and(|section| content.contains(document.outline.sections[section].heading.start))
    };
    let below = document.items.iter().filter(is_below).chain([item]);
    let fields: Vec<Span> =
        below.flat_map(|item| &item.fields).filter_map(|field| field.value.span(document)).collect();
    let first = document.nodes.partition_point(|node| node.span.start < content.start);
    let nodes = document.nodes[first..].iter().take_while(|node| node.span.start < content.end);
    let mut found = Vec::new();
    let is_comment = |node: &MarkdownNode| node.span.slice(&document.text).starts_with("<!--");
    for node in nodes.filter(|node| !matches!(node.kind, MarkdownNodeKind::Code { .. }) && !is_comment(node)) {
        if let MarkdownNodeKind::Table(grid) = &node.kind {
            let mut sum = Sum { text: &document.text, number, effort: Effort::default() };
            sum.table(grid, &document.shape);
            if sum.effort != Effort::default() && !fields.contains(&node.span) {
                found.push(lines::of(&document.text, node.span).next().unwrap_or(node.span));
            }
            continue;
        }
        for line in lines::of(&document.text, node.span).map(|line| line.trimmed(&document.text)) {
            let words = line.slice(&document.text);
            let is_covered = || fields.iter().any(|field| field.start < line.end && line.start < field.end);
            if unit_count(words, number) > 0 && !is_done(words) && !is_total(words) && !is_covered() {
                found.push(line);
            }
        }
    }
    found
}

struct Sum<'a> {
    text: &'a str,
    number: &'a NumberType,
    effort: Effort,
}

impl Sum<'_> {
    fn add(&mut self, estimate: &Estimate, at: usize) -> bool {
        match estimate {
            Estimate::None => return false,
            Estimate::Number(number) => self.effort.open = Some(self.effort.open.unwrap_or(0.0) + number),
            Estimate::Unreadable(span, reason) => self.effort.unreadable.push((span.shifted(at), *reason)),
        }
        true
    }

    fn lines(&mut self, span: Span) {
        for line in lines::of(self.text, span) {
            let content = line.trimmed(self.text);
            let words = content.slice(self.text);
            if !is_done(words) && !is_total(words) {
                self.add(&estimate(words, self.number), content.start);
            }
        }
    }

    /// Adds the estimates of list entries. The estimate of an entry includes those of its nested entries.
    fn items(&mut self, items: &[ListItem]) {
        for item in items {
            let words = item.span.slice(self.text);
            if item.done == Some(true) || is_done(words) {
                // Done steps add no effort, but an estimate on them means that the field is estimated.
                if matches!(estimate(words, self.number), Estimate::Number(_)) {
                    self.effort.open = Some(self.effort.open.unwrap_or(0.0));
                }
                continue;
            }
            if is_total(words) {
                continue;
            }
            if !self.add(&estimate(words, self.number), item.span.start) {
                self.items(&item.children);
            }
        }
    }

    fn table(&mut self, grid: &Grid, shape: &Shape) {
        let numbers = |cell: &Span| {
            let known = shape.field_of(&reader::plain_cell(self.text, *cell));
            let value = known.map(|known| &shape.fields[known.field].value);
            let unit = vocabulary::normalize(&reader::plain_cell(self.text, *cell));
            matches!(value, Some(ValueType::Number(_))) || self.number.units.contains(&unit)
        };
        let Some(column) = grid.header.iter().position(numbers) else { return };
        for row in &grid.rows {
            let done = row.iter().any(|cell| is_done(cell.slice(self.text)));
            let first = row.first().is_some_and(|cell| is_total(cell.slice(self.text)));
            let Some(cell) = row.get(column).filter(|_| !done && !first) else { continue };
            let estimate = match quantity::number_of(cell.slice(self.text), self.number) {
                Quantity::Absent => Estimate::None,
                Quantity::Number(number) => Estimate::Number(number),
                Quantity::Unreadable(reason) => Estimate::Unreadable(Span::new(0, cell.len()), reason),
            };
            self.add(&estimate, cell.start);
        }
    }
}

/// Returns `true` if a step is done: struck through, or with a check mark or a word such as `(done)` at its start or
/// end.
pub fn is_done(text: &str) -> bool {
    const MARKS: &[char] = &['✅', '✔', '☑', '✓'];
    const WORDS: &[&str] = &["done", "complete", "completed", "finished", "shipped", "merged"];
    if inline::is_struck(text) {
        return true;
    }
    let plain = inline::plain(text);
    let (icon, words) = emoji::split_leading(plain.trim());
    let (rest, trailing) = emoji::split_trailing(words);
    if icon.starts_with(MARKS) || trailing.starts_with(MARKS) || rest.starts_with('✓') || rest.ends_with('✓') {
        return true;
    }
    let first = rest.split(':').next().unwrap_or_default();
    if first.len() < rest.len() && WORDS.contains(&first.trim().to_lowercase().as_str()) {
        return true;
    }
    let last = rest.trim_end_matches(['.', ')', ']']).rsplit(['(', '[', ' ']).next().unwrap_or_default();
    let marked = rest.ends_with([')', ']']) || rest.contains([':', '–', '—']) || last.len() == rest.len();
    marked && WORDS.contains(&last.to_lowercase().as_str()) && !rest.to_lowercase().contains("not ")
}

/// Returns `true` if a line states the sum of other lines: `Total: 8 points`, `Total effort (8 points)`.
fn is_total(text: &str) -> bool {
    const TOTALS: &[&str] = &["total", "sum", "subtotal", "overall"];
    const NOUNS: &[&str] = &["effort", "estimate", "points", "story", "sum", "of", "all", "steps"];
    let plain = inline::plain(text).to_lowercase();
    let mut words = plain.split(['(', '[', ':', '=', '–', '—']).next().unwrap_or_default().split_whitespace();
    let first = words.next().unwrap_or_default();
    TOTALS.contains(&first) && words.all(|word| NOUNS.contains(&word) || word.starts_with(|c: char| c.is_ascii_digit()))
}

/// Returns the estimate of a step: in brackets, or at its end after `:` or a dash.
pub fn estimate(text: &str, number: &NumberType) -> Estimate {
    let mut sum: Option<f64> = None;
    let mut read = 0;
    for group in groups(text) {
        match in_brackets(group.slice(text), number) {
            Estimate::None => {}
            Estimate::Number(points) => {
                sum = Some(sum.unwrap_or(0.0) + points);
                read += 1;
            }
            Estimate::Unreadable(_, reason) => return Estimate::Unreadable(group, reason),
        }
    }
    let whole = Span::new(0, text.len());
    let unit_count = unit_count(text, number);
    match sum.map_or_else(|| at_the_end(text, number), Estimate::Number) {
        Estimate::Number(_) if unit_count > read.max(1) => Estimate::Unreadable(whole, "contains several estimates"),
        Estimate::None if unit_count > 0 => Estimate::Unreadable(whole, "has no separator before the number"),
        Estimate::None if has_bare_number(text) => Estimate::Unreadable(whole, "ends with a number without a unit"),
        estimate => estimate,
    }
}

/// Counts the numbers with a unit in a text, except prose such as `3 points of failure` and link texts.
fn unit_count(text: &str, number: &NumberType) -> usize {
    let mut count = 0;
    let mut previous_digit = false;
    for (at, c) in text.char_indices() {
        let digit = c.is_ascii_digit();
        if previous_digit && !digit {
            let rest = text[at..].trim_start_matches([' ', '-', '\u{A0}']).to_lowercase();
            let rest = rest.strip_prefix("story ").unwrap_or(&rest);
            let end = rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len());
            let (unit, after_unit) = rest.split_at(end);
            let linked = after_unit.starts_with("](");
            let is_prose = after_unit.starts_with(" of ") || after_unit.starts_with(" in ");
            count += usize::from(number.units.iter().any(|known| known == unit) && !linked && !is_prose);
        }
        previous_digit = digit;
    }
    count
}

/// Returns `true` if a step ends with a number without a unit, `(5)` or `: 5`.
fn has_bare_number(text: &str) -> bool {
    let plain = inline::plain(text);
    let text = plain.trim();
    let tail = match text.strip_suffix(')') {
        Some(rest) => rest.rsplit_once('('),
        None => text.rsplit_once(": "),
    };
    tail.is_some_and(|(_, tail)| !tail.is_empty() && tail.trim().parse::<f64>().is_ok())
}

/// Returns the spans between brackets, except those of links (`[text](target)`).
fn groups(text: &str) -> Vec<Span> {
    let mut groups = Vec::new();
    let mut open: Option<(usize, char)> = None;
    for (at, c) in text.char_indices() {
        match (c, open) {
            ('(' | '[', _) => open = Some((at + 1, c)),
            (')' | ']', Some((start, mark))) if (mark == '(') == (c == ')') => {
                let linked =
                    (c == ']' && text[at + 1..].starts_with('(')) || (c == ')' && text[..start - 1].ends_with(']'));
                if !linked {
                    groups.push(Span::new(start, at));
                }
                open = None;
            }
            _ => {}
        }
    }
    groups
}

/// Units of time. An estimate in a unit of time is not an estimate in points.
const TIME: &[&str] = &[
    "h", "hr", "hrs", "hour", "hours", "d", "day", "days", "pd", "w", "wk", "wks", "week", "weeks", "month", "months",
    "sprint", "sprints", "tag", "tage", "stunden",
];

fn in_brackets(text: &str, number: &NumberType) -> Estimate {
    if !text.contains(|c: char| c.is_ascii_digit()) {
        return Estimate::None;
    }
    let text = text.trim();
    let last = unit_at_end(text);
    let is_unit = number.units.contains(&last);
    if !is_unit && !TIME.contains(&last.as_str()) {
        return Estimate::None;
    }
    match quantity::number_of(text, number) {
        Quantity::Number(value) => Estimate::Number(value),
        Quantity::Absent => Estimate::None,
        Quantity::Unreadable(reason) => {
            // `see the API with 3 points` is prose; `5-8 points`, `~5 points` and `3 days` are estimates.
            let starts = text.trim_start_matches(['~', '≈', '<', '>', '≤', '≥', '±', ' ']);
            let short = text.split_whitespace().count() <= 4;
            let is_estimate = short && (starts.starts_with(|c: char| c.is_ascii_digit()) || is_unit);
            if is_estimate { Estimate::Unreadable(Span::default(), reason) } else { Estimate::None }
        }
    }
}

/// Returns the word at the end of a text in lower case: `pts` for `5pts`.
fn unit_at_end(text: &str) -> String {
    let text = text.trim_end_matches(['.', ' ']);
    let words = text.to_lowercase();
    let start = words.trim_end_matches(|c: char| c.is_alphabetic()).len();
    let last = &words[start..];
    // `story points`
    let before = words[..start].trim_end();
    if before.ends_with("story") { format!("story {last}") } else { last.to_owned() }
}

/// Parses an estimate at the end of a step: `Switch the flag: 1 point`, `Roll-out – 3 SP`.
fn at_the_end(text: &str, number: &NumberType) -> Estimate {
    let trimmed = text.trim_end_matches(['.', ' ', '*', '_', '`']);
    if let Quantity::Number(value) = quantity::number_of(text, number)
        && number.units.contains(&unit_at_end(trimmed))
    {
        return Estimate::Number(value);
    }
    if !number.units.contains(&unit_at_end(trimmed)) {
        return Estimate::None;
    }
    let separators: &[&str] = &[": ", " - ", " – ", " — ", "="];
    let start = separators.iter().filter_map(|mark| trimmed.rfind(mark).map(|at| at + mark.len())).max();
    // A range with spaces (`3 - 5 points`) also contains a separator.
    let Some(start) = start else {
        // `Client 5 points`: a number without a separator may be prose or an estimate.
        let digits = trimmed.trim_end_matches(|c: char| c.is_alphabetic() || c == ' ');
        let number_before = digits.ends_with(|c: char| c.is_ascii_digit());
        return if number_before {
            Estimate::Unreadable(Span::new(0, trimmed.len()), "has no separator before the number")
        } else {
            Estimate::None
        };
    };
    let before = trimmed[..start].trim_end_matches([' ', '-', '–', '—', ':', '=']);
    let tail = trimmed[start..].trim();
    let span = Span::new(trimmed.len() - tail.len(), trimmed.len());
    if before.ends_with(|c: char| c.is_ascii_digit()) && !trimmed[..start].trim_end().ends_with(':') {
        return Estimate::Unreadable(span, "is a range");
    }
    match quantity::number_of(tail, number) {
        Quantity::Number(value) => Estimate::Number(value),
        Quantity::Absent => Estimate::None,
        Quantity::Unreadable(reason) => Estimate::Unreadable(span, reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points() -> NumberType {
        NumberType { units: ["pts", "point", "points", "story points", "sp"].map(str::to_owned).to_vec() }
    }

    #[test]
    fn reads_estimates_in_brackets_or_at_the_end() {
        let cases = [
            ("Client (5 pts)", 5.0),
            ("Client (5pts)", 5.0),
            ("Client (est. 2 points)", 2.0),
            ("Remove the fake [2 points]", 2.0),
            ("Switch the flag: 1 point", 1.0),
            ("Roll-out – 3 SP", 3.0),
            ("one (1 point), half (0.5 story points)", 1.5),
            ("a (3 points) (see x)", 3.0),
            ("**Client**: 5 points", 5.0),
            ("8 points", 8.0),
        ];
        for (text, value) in cases {
            assert_eq!(estimate(text, &points()), Estimate::Number(value), "{text}");
        }
        for text in
            ["Client", "see [2 points](x)", "3 points of failure", "Client (v2)", "Client (see 4)", "data points"]
        {
            assert_eq!(estimate(text, &points()), Estimate::None, "{text}");
        }
        for text in [
            "Roll-out (2-3 pts)",
            "a (5–8 points)",
            "a (~5 pts)",
            "a (3 days)",
            "a (8h)",
            "a: 3 - 5 points",
            "a 5 points",
            "a (3 points) and b 5 points",
            "a (front 3 points, back 5 points)",
            "a (5)",
            "a: 5",
        ] {
            assert!(matches!(estimate(text, &points()), Estimate::Unreadable(..)), "{text}");
        }
    }

    #[test]
    fn detects_done_steps() {
        for text in
            ["~~Contract tests (3 pts)~~ ✅", "✅ Client", "Client ✅", "Client (done)", "Client — done", "Client ✓"]
        {
            assert!(is_done(text), "{text}");
        }
        for text in ["Client", "Client (not done)", "Define when it is done", "~~5~~ 3 points"] {
            assert!(!is_done(text), "{text}");
        }
    }
}
