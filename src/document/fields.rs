//! Parser for fields, that is, labels with values, in the following forms.
//!
//! | form | label |
//! |---|---|
//! | `**Label**: value`, `**Label:** value`, `__Label__: value`, `<b>Label</b>: value` | any |
//! | `*Label*: value`, `` `Label`: value ``, `Label: value` | declared by the kind |
//! | `**Label** - value`, `**Label** — value`, `**Label: value**` | declared by the kind |
//!
//! A qualifier in brackets may precede the colon. The colon may be full-width. Emoji and images before the label are
//! skipped. Several fields on one line are separated by `|`, `·`, `•`, a comma, a semicolon, or, before a known bold
//! label, a space.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::nodes::one_line;
use super::shape::Shape;
use crate::text::{Node, NodeData, Span, emoji, lines};

/// Label with the value next to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labelled {
    /// Label without emphasis.
    pub label: Span,
    /// Value on the same line and on continuation lines; empty if there is none.
    pub value: Span,
    pub bold: bool,
}

/// Pairs of marks around a label, and whether they make it bold. Longer marks come first.
const MARKS: &[(&str, &str, bool)] = &[
    ("***", "***", true),
    ("**", "**", true),
    ("__", "__", true),
    ("<strong>", "</strong>", true),
    ("<b>", "</b>", true),
    ("*", "*", false),
    ("_", "_", false),
    ("`", "`", false),
    ("<code>", "</code>", false),
    ("<em>", "</em>", false),
    ("<i>", "</i>", false),
    ("<u>", "</u>", false),
    ("<dt>", "</dt>", false),
];

/// Separators after which a field may start.
const SEPARATORS: &[char] = &['|', '·', '•', ',', ';'];

/// Returns `true` if the text at a span starts with a field that has a bold label.
pub fn starts(text: &str, span: Span, shape: &Shape) -> bool {
    span.slice(text).starts_with("**")
        && lines::of(text, span).next().is_some_and(|line| one(text, line.trimmed(text), shape).is_some())
}

/// Parses the fields of a line. Returns an empty list if the line does not start with a field.
pub fn of_line(text: &str, line: Span, shape: &Shape) -> Vec<Labelled> {
    let line = line.trimmed(text);
    let words = line.slice(text);
    // Fast path for prose: a line that starts with a letter has no emoji or mark, so its label must be followed by a
    // colon.
    let is_letter = words.starts_with(|c: char| c.is_ascii_alphabetic());
    if is_letter && !has_colon(start_of(words)) {
        return Vec::new();
    }
    let lead = if is_letter || words.starts_with('*') { 0 } else { lead(words) };
    let Some(first) = one(text, Span::new(line.start + lead, line.end), shape) else {
        return Vec::new();
    };
    let mut fields = vec![first];
    while let Some(last) = fields.last_mut() {
        let Some((end, next)) = next(text, Span::new(last.value.start, line.end), shape) else { break };
        last.value = Span::new(last.value.start, end.clamp(last.value.start, last.value.end)).trimmed(text);
        fields.push(next);
    }
    fields
}

/// Returns `true` if a text may contain a colon. Characters that share their first byte with the full-width colon are
/// false positives.
fn has_colon(text: &str) -> bool {
    memchr::memchr2(b':', "：".as_bytes()[0], text.as_bytes()).is_some()
}

/// Returns the start of a text, limited to the maximum length of a label or an image before it.
fn start_of(text: &str) -> &str {
    const MAX_LENGTH: usize = 400;
    if text.len() <= MAX_LENGTH {
        return text;
    }
    let end = (0..=MAX_LENGTH.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    &text[..end]
}

/// Parses the fields of a line that have a bold label.
pub fn bold_of_line(text: &str, line: Span) -> Vec<Labelled> {
    static NO_KIND: LazyLock<Shape> = LazyLock::new(Shape::default);
    of_line(text, line, &NO_KIND)
}

/// Returns the length of the emoji and images before a label.
fn lead(line: &str) -> usize {
    let mut rest = line;
    loop {
        let before = rest.len();
        rest = emoji::split_leading(rest).1;
        rest = without_image(rest).trim_start();
        if rest.len() == before {
            return line.len() - rest.len();
        }
    }
}

/// Removes the image `![…](…)` or linked image `[![…](…)](…)` at the start of a text.
fn without_image(text: &str) -> &str {
    let (linked, inside) = match text.strip_prefix("[![") {
        Some(inside) => (true, inside),
        None => match text.strip_prefix("![") {
            Some(inside) => (false, inside),
            None => return text,
        },
    };
    let target = |text: &'_ str| -> Option<usize> {
        let text = start_of(text);
        let open = text.find("](")?;
        let close = text[open..].find(')')?;
        Some(open + close + 1)
    };
    let Some(end) = target(inside) else { return text };
    let rest = &inside[end..];
    match (linked, rest.starts_with("](")) {
        (false, _) => rest,
        (true, true) => start_of(rest).find(')').map_or(text, |close| &rest[close + 1..]),
        (true, false) => text,
    }
}

/// Returns the next field within a value, and the offset at which the preceding value ends.
fn next(text: &str, value: Span, shape: &Shape) -> Option<(usize, Labelled)> {
    let part = value.slice(text);
    // A further field requires one of these bytes or a non-ASCII character.
    if !part.bytes().any(|byte| matches!(byte, b'|' | b',' | b';' | b':' | b'*' | b'_' | b'<' | 0x80..)) {
        return None;
    }
    let mut depth = 0_usize;
    let mut code = false;
    let mut previous = ' ';
    for (at, c) in part.char_indices() {
        let escaped = previous == '\\';
        let here = value.start + at;
        match c {
            '`' => code = !code,
            '(' | '[' if !code => depth += 1,
            ')' | ']' if !code => depth = depth.saturating_sub(1),
            c if SEPARATORS.contains(&c) && !code && !escaped && depth == 0 => {
                let after = Span::new(here + c.len_utf8(), value.end).trimmed(text);
                let after = Span::new(after.start + lead(after.slice(text)), after.end);
                let strong = matches!(c, '|' | '·' | '•');
                let is_accepted = |field: &Labelled| strong || field.bold || is_known(text, field, shape);
                if let Some(field) = one(text, after, shape).filter(is_accepted) {
                    return Some((here, field));
                }
            }
            c if c.is_whitespace() && !code && depth == 0 => {
                let after = Span::new(here, value.end).trimmed(text);
                let wide = after.start >= here + 2;
                let marked = after.slice(text).starts_with(['*', '_', '<']);
                let is_accepted = |field: &Labelled| (field.bold || wide) && is_known(text, field, shape);
                if (wide || marked)
                    && !previous.is_whitespace()
                    && let Some(field) = one(text, after, shape).filter(is_accepted)
                {
                    let before = part[..at].trim_end_matches(|c: char| c.is_whitespace() || is_loose_separator(c));
                    return Some((value.start + before.len(), field));
                }
            }
            _ => {}
        }
        previous = c;
    }
    None
}

/// Returns `true` for a character that separates fields, including those that do so only between bold fields.
fn is_loose_separator(c: char) -> bool {
    SEPARATORS.contains(&c) || matches!(c, '/' | '-' | '–' | '—')
}

fn is_known(text: &str, field: &Labelled, shape: &Shape) -> bool {
    shape.field_of(field.label.slice(text)).is_some()
}

/// Parses one field at the start of a span; its value is the rest of the span.
fn one(text: &str, span: Span, shape: &Shape) -> Option<Labelled> {
    let line = span.slice(text);
    let first = *line.as_bytes().first()?;
    if matches!(first, b'*' | b'_' | b'`' | b'<') {
        return marked(text, span, shape);
    }
    if shape.fields.is_empty() {
        return None;
    }
    let colon = start_of(line).find([':', '：'])?;
    let before = &line[..colon];
    let label = without_qualifier(before);
    let plain =
        |c: char| c.is_alphanumeric() || c.is_whitespace() || matches!(c, '-' | '/' | '&' | '.' | '\'' | '#' | '+');
    if !label.chars().all(plain) || shape.field_of(label).is_none() {
        return None;
    }
    let after = colon + if line[colon..].starts_with(':') { 1 } else { '：'.len_utf8() };
    // The scheme of a URL is not a label.
    if line[after..].starts_with("//") {
        return None;
    }
    let start = span.start + (before.len() - before.trim_start().len());
    let label = Span::new(start, start + label.trim().len());
    let value = Span::new(span.start + after, span.end);
    (!label.is_empty()).then(|| Labelled { label, value: value.trimmed(text), bold: false })
}

/// Parses a field whose label is enclosed in marks.
fn marked(text: &str, span: Span, shape: &Shape) -> Option<Labelled> {
    let line = span.slice(text);
    let starts = |mark: &str| line.get(..mark.len()).is_some_and(|start| start.eq_ignore_ascii_case(mark));
    let (open, close, bold) = MARKS.iter().find(|(open, ..)| starts(open))?;
    let inside = &line[open.len()..];
    let length = find_ignoring_case(start_of(inside), close)?;
    let (inner, after_label) = (&inside[..length], &inside[length + close.len()..]);
    let (start, after) = (span.start + open.len(), span.start + open.len() + length + close.len());
    let known = |label: &str| shape.field_of(label).is_some();
    let colon = |rest: &str| -> Option<usize> {
        rest.starts_with(':').then_some(1).or_else(|| rest.starts_with('：').then_some('：'.len_utf8()))
    };
    let trimmed = inner.trim_end();
    let (label, value) = if let Some(label) = trimmed.strip_suffix(':').or_else(|| trimmed.strip_suffix('：')) {
        (label, Span::new(after, span.end))
    } else if let Some(length) = { colon(&after_label[qualifier(after_label)..]) } {
        (inner, Span::new(after + qualifier(after_label) + length, span.end))
    } else if open.eq_ignore_ascii_case("<dt>") && known(inner) {
        let value = after_label.trim_start();
        let value = value.strip_prefix("<dd>").unwrap_or(value);
        (inner, Span::new(span.end - value.len(), span.end))
    } else if let Some(dash) = dash(after_label).filter(|_| *bold && known(inner)) {
        (inner, Span::new(after + dash, span.end))
    } else {
        // `**Status: Planned**`
        let at = inner.find([':', '：'])?;
        let label = without_qualifier(&inner[..at]);
        let rest = after_label.trim_start();
        let whole = rest.is_empty() || rest.starts_with(SEPARATORS);
        let length = colon(&inner[at..])?;
        if !*bold || !whole || !known(label) {
            return None;
        }
        let label = Span::new(start, start + label.len()).trimmed(text);
        let value = Span::new(start + at + length, start + inner.len());
        return Some(Labelled { label, value: value.trimmed(text), bold: true });
    };
    let label = without_qualifier(label);
    if !*bold && !known(label) {
        return None;
    }
    let label = Span::new(start, start + label.len()).trimmed(text);
    let value = value.trimmed(text);
    // `Label:: value`
    let doubled = value.slice(text).strip_prefix(':').map_or(0, |rest| value.len() - rest.len());
    let value = Span::new(value.start + doubled, value.end).trimmed(text);
    (!label.is_empty()).then_some(Labelled { label, value, bold: *bold })
}

fn find_ignoring_case(text: &str, wanted: &str) -> Option<usize> {
    let is_here = |at: &usize| {
        let part = text.as_bytes().get(*at..at + wanted.len());
        part.is_some_and(|part| part.eq_ignore_ascii_case(wanted.as_bytes()))
    };
    memchr::memchr_iter(*wanted.as_bytes().first()?, text.as_bytes()).find(is_here)
}

/// Returns the length of a dash between spaces, which separates a bold label from its value.
fn dash(after_label: &str) -> Option<usize> {
    let trimmed = after_label.trim_start();
    let space = after_label.len() - trimmed.len();
    let mark = ["-", "–", "—"].into_iter().find(|mark| trimmed.starts_with(mark))?;
    let rest = &trimmed[mark.len()..];
    (space > 0 && rest.starts_with(' ')).then_some(space + mark.len())
}

/// Returns the length of the white space and the qualifier in brackets before a colon.
fn qualifier(after_label: &str) -> usize {
    let trimmed = after_label.trim_start();
    let space = after_label.len() - trimmed.len();
    match trimmed.strip_prefix('(').and_then(|inside| inside.find(')')) {
        Some(close) => {
            let rest = &trimmed[close + 2..];
            space + close + 2 + (rest.len() - rest.trim_start().len())
        }
        None => space,
    }
}

/// Removes a qualifier in brackets from the end of a label.
fn without_qualifier(label: &str) -> &str {
    let trimmed = label.trim_end();
    match trimmed.strip_suffix(')').and_then(|inner| inner.find('(')) {
        Some(open) if open > 0 => trimmed[..open].trim_end(),
        _ => trimmed,
    }
}

/// Removes backticks, `**` and surrounding white space from a label, key or cell.
pub fn plain(text: &str) -> String {
    let text = text.trim();
    if text.contains(['*', '`']) { text.replace("**", "").replace('`', "").trim().to_owned() } else { text.to_owned() }
}

/// Returns the emoji before a value, and the value. Integers become numbers; several lines are joined by spaces.
pub fn value(text: &str, span: Span) -> (Option<Cow<'_, str>>, Node<'_>) {
    match one_line(span.slice(text)) {
        Cow::Borrowed(joined) => {
            let (icon, data) = read_value(joined);
            (icon.map(Cow::Borrowed), Node::new(span, data))
        }
        Cow::Owned(joined) => {
            let (icon, data) = read_value(&joined);
            let icon = icon.map(|icon| Cow::Owned(icon.to_owned()));
            let data = match data {
                NodeData::Number(number) => NodeData::Number(number),
                NodeData::Text(text) => NodeData::Text(Cow::Owned(text.into_owned())),
                _ => NodeData::Null,
            };
            (icon, Node::new(span, data))
        }
    }
}

fn read_value(joined: &str) -> (Option<&str>, NodeData<'_>) {
    let (icon, rest) = emoji::split_leading(joined);
    if rest.is_empty() {
        return (None, NodeData::Text(Cow::Borrowed(joined)));
    }
    let number = rest.parse::<i64>().ok().filter(|_| !rest.starts_with('+'));
    let data = number.map_or(NodeData::Text(Cow::Borrowed(rest)), |number| NodeData::Number(number.into()));
    ((!icon.is_empty()).then_some(icon), data)
}

#[cfg(test)]
mod tests {
    use super::super::shape::FieldType;
    use super::*;

    fn shape() -> Shape {
        let field = |id: &str, label: &str| FieldType { id: id.into(), label: label.into(), ..FieldType::default() };
        let mut shape = Shape::default();
        shape.set_fields(vec![
            field("status", "Status"),
            field("points", "Points"),
            field("owner", "Owner"),
            field("target", "Target"),
        ]);
        shape
    }

    fn read_with(line: &str, shape: &Shape) -> Vec<(String, String)> {
        of_line(line, Span::new(0, line.len()), shape)
            .into_iter()
            .map(|field| (field.label.slice(line).to_owned(), field.value.slice(line).to_owned()))
            .collect()
    }

    fn read(line: &str) -> Vec<(String, String)> {
        read_with(line, &shape())
    }

    fn pair(label: &str, value: &str) -> (String, String) {
        (label.to_owned(), value.to_owned())
    }

    #[test]
    fn reads_unknown_bold_labels() {
        assert_eq!(read("**Cost** (EUR): 5"), [pair("Cost", "5")]);
        assert_eq!(read("**Requirements**:"), [pair("Requirements", "")]);
        assert_eq!(read("**A**: | **B**: 2"), [pair("A", ""), pair("B", "2")]);
        assert_eq!(read_with("**Cost**: 5", &Shape::default()), [pair("Cost", "5")]);
        for line in
            ["**Total: 21 points**", "**Bold** text", "Label: value", "****: x", "a **B**: c", "**Risk** - high"]
        {
            assert!(read(line).is_empty(), "{line}");
        }
    }

    #[test]
    fn reads_every_form_of_a_label() {
        let forms = [
            "**Status**: Planned",
            "**Status:** Planned",
            "**Status** : Planned",
            "**Status** (now): Planned",
            "**Status (now)**: Planned",
            "***Status***: Planned",
            "*Status*: Planned",
            "*Status:* Planned",
            "_Status_: Planned",
            "__Status__: Planned",
            "__Status:__ Planned",
            "<b>Status</b>: Planned",
            "<B>Status:</B> Planned",
            "<strong>Status</strong>: Planned",
            "`Status`: Planned",
            "`Status:` Planned",
            "Status: Planned",
            "Status：Planned",
            "Status : Planned",
            "Status (now): Planned",
            "**Status**：Planned",
            "**Status** - Planned",
            "**Status** — Planned",
            "**Status: Planned**",
            "📋 **Status**: Planned",
            "**📋 Status**: Planned",
            "![badge](https://x.example/b.svg) **Status**: Planned",
            "[![badge](b.svg)](https://x.example) Status: Planned",
            "**Status**:: Planned",
            "  status: Planned  ",
        ];
        for form in forms {
            let fields = read(form);
            assert_eq!(fields.len(), 1, "{form}: {fields:?}");
            assert_eq!(crate::text::slug(&fields[0].0), "status", "{form}");
            assert_eq!(fields[0].1, "Planned", "{form}");
        }
        for prose in
            ["Note: see below", "The status: unknown", "*Note*: x", "`file.rs`: 91%", "~~Status: x~~", "Owner://x"]
        {
            assert!(read(prose).is_empty(), "{prose}");
        }
    }

    #[test]
    fn reads_several_fields_on_one_line() {
        let expected = [pair("Status", "🚧 In Progress"), pair("Points", "8"), pair("Owner", "Ines")];
        for line in [
            "**Status**: 🚧 In Progress | **Points**: 8 | **Owner**: Ines",
            "**Status**: 🚧 In Progress|**Points**: 8|**Owner**: Ines",
            "**Status:** 🚧 In Progress · **Points:** 8 · **Owner:** Ines",
            "**Status**: 🚧 In Progress • **Points**: 8 • **Owner**: Ines",
            "**Status**: 🚧 In Progress, **Points**: 8, **Owner**: Ines",
            "**Status**: 🚧 In Progress **Points**: 8 **Owner**: Ines",
            "**Status**: 🚧 In Progress / **Points**: 8 — **Owner**: Ines",
            "Status: 🚧 In Progress | Points: 8 | Owner: Ines",
            "Status: 🚧 In Progress, Points: 8, Owner: Ines",
            "Status: 🚧 In Progress   Points: 8   Owner: Ines",
        ] {
            assert_eq!(read(line), expected, "{line}");
        }
        assert_eq!(read("**Status: Planned** | **Points: 5**"), [pair("Status", "Planned"), pair("Points", "5")]);
        assert_eq!(read("**Owner**: A | B (C, D)"), [pair("Owner", "A | B (C, D)")]);
        assert_eq!(read("**Owner**: see [Status: x](y)"), [pair("Owner", "see [Status: x](y)")]);
        assert_eq!(read("**Owner**: A, see below"), [pair("Owner", "A, see below")]);
    }

    #[test]
    fn reads_integers_and_splits_off_icons() {
        let read = |text: &str| {
            let (icon, tree) = value(text, Span::new(0, text.len()));
            (icon.unwrap_or_default().into_owned(), tree.to_json().to_string())
        };
        assert_eq!(read("🚧 In Progress"), ("🚧".into(), "\"In Progress\"".into()));
        assert_eq!(read("8"), (String::new(), "8".into()));
        assert_eq!(read("1.0"), (String::new(), "\"1.0\"".into()));
        assert_eq!(read("✅"), (String::new(), "\"✅\"".into()));
        assert_eq!(read("two\n  lines"), (String::new(), "\"two lines\"".into()));
    }
}
