//! Fields: `**Label**: value`.

use std::borrow::Cow;

use super::nodes::one_line;
use crate::text::{Data, Span, Tree, emoji, lines};

/// A label and, where one stands beside it, its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labelled {
    /// Where the label stands, without the asterisks.
    pub label: Span,
    /// The value on the same line and those below; empty where there is none.
    pub value: Span,
}

/// Whether the text at a span starts with a field.
pub fn starts(text: &str, span: Span) -> bool {
    span.slice(text).starts_with("**")
        && lines::of(text, span).next().is_some_and(|line| one(text, line.trimmed(text)).is_some())
}

/// Reads the fields of a line, if it starts with one. Several stand on one line between ` | ` and the
/// next `**`.
pub fn of_line(text: &str, line: Span) -> Vec<Labelled> {
    let mut rest = line.trimmed(text);
    let Some(first) = one(text, rest) else {
        return Vec::new();
    };
    let mut fields = vec![first];
    while let Some(at) = next_on_line(rest.slice(text)) {
        let next = Span::new(rest.start + at + 3, rest.end);
        if let (Some(field), Some(last)) = (one(text, next), fields.last_mut()) {
            last.value.end = (rest.start + at).max(last.value.start);
            last.value = last.value.trimmed(text);
            fields.push(field);
        }
        rest = next;
    }
    fields
}

/// Where ` | **` stands.
fn next_on_line(text: &str) -> Option<usize> {
    let mut bars = memchr::memchr_iter(b'|', text.as_bytes()).filter_map(|bar| bar.checked_sub(1));
    bars.find(|at| text.as_bytes()[*at..].starts_with(b" | **"))
}

/// Reads one field at the start of a span; its value is all that follows.
fn one(text: &str, span: Span) -> Option<Labelled> {
    let inside = span.slice(text).strip_prefix("**")?;
    let close = memchr::memchr_iter(b'*', inside.as_bytes()).find(|at| inside[*at..].starts_with("**"))?;
    let label_start = span.start + 2;
    let (bold, behind) = (&inside[..close], &inside[close + 2..]);
    let after = label_start + close + 2;
    let (label, value) = if let Some(label) = bold.trim_end().strip_suffix(':') {
        (label, Span::new(after, span.end))
    } else {
        let skipped = qualifier(behind);
        behind[skipped..].strip_prefix(':')?;
        (bold, Span::new(after + skipped + 1, span.end))
    };
    let label = Span::new(label_start, label_start + label.len()).trimmed(text);
    (!label.is_empty()).then(|| Labelled { label, value: value.trimmed(text) })
}

/// The length of white space and a qualifier in parentheses before the colon.
fn qualifier(behind: &str) -> usize {
    let trimmed = behind.trim_start();
    let space = behind.len() - trimmed.len();
    match trimmed.strip_prefix('(').and_then(|inside| inside.find(')')) {
        Some(close) => space + close + 2,
        None => space,
    }
}

/// A label, key or cell without backticks, bold and white space at the ends.
pub fn plain(text: &str) -> String {
    let text = text.trim();
    if text.contains(['*', '`']) { text.replace("**", "").replace('`', "").trim().to_owned() } else { text.to_owned() }
}

/// A value, and the emoji that led it. Whole numbers become numbers; what stood on several lines is
/// joined by spaces.
pub fn value(text: &str, span: Span) -> (Option<Cow<'_, str>>, Tree<'_>) {
    match one_line(span.slice(text)) {
        Cow::Borrowed(joined) => {
            let (icon, data) = read_value(joined);
            (icon.map(Cow::Borrowed), Tree::new(span, data))
        }
        Cow::Owned(joined) => {
            let (icon, data) = read_value(&joined);
            let icon = icon.map(|icon| Cow::Owned(icon.to_owned()));
            let data = match data {
                Data::Number(number) => Data::Number(number),
                Data::Text(text) => Data::Text(Cow::Owned(text.into_owned())),
                _ => Data::Null,
            };
            (icon, Tree::new(span, data))
        }
    }
}

fn read_value(joined: &str) -> (Option<&str>, Data<'_>) {
    let (icon, rest) = emoji::split_leading(joined);
    if rest.is_empty() {
        return (None, Data::Text(Cow::Borrowed(joined)));
    }
    let number = rest.parse::<i64>().ok().filter(|_| !rest.starts_with('+'));
    let data = number.map_or(Data::Text(Cow::Borrowed(rest)), |number| Data::Number(number.into()));
    ((!icon.is_empty()).then_some(icon), data)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Vec<(String, String)> {
        of_line(line, Span::new(0, line.len()))
            .into_iter()
            .map(|field| (field.label.slice(line).to_owned(), field.value.slice(line).to_owned()))
            .collect()
    }

    fn pair(label: &str, value: &str) -> (String, String) {
        (label.to_owned(), value.to_owned())
    }

    #[test]
    fn every_form_of_a_field_is_read() {
        assert_eq!(read("**Target**: 2025-08-30"), [pair("Target", "2025-08-30")]);
        assert_eq!(read("**Target:** soon"), [pair("Target", "soon")]);
        assert_eq!(read("**Cost** (EUR): 5"), [pair("Cost", "5")]);
        assert_eq!(read("**Requirements**:"), [pair("Requirements", "")]);
        assert_eq!(
            read("**Status**: 🚧 In Progress | **Points**: 8 | **Owner**: A | B"),
            [pair("Status", "🚧 In Progress"), pair("Points", "8"), pair("Owner", "A | B")]
        );
        assert_eq!(read("**A**: | **B**: 2"), [pair("A", ""), pair("B", "2")]);
        for line in ["**Total: 21 points**", "**Bold** text", "Label: value", "****: x", "a **B**: c"] {
            assert!(read(line).is_empty(), "{line}");
        }
    }

    #[test]
    fn values_are_numbers_where_whole_and_lose_their_icon() {
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
