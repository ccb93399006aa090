//! Lines of paragraphs, quotes and HTML, without the marks around their text.

use super::body;
use crate::text::{Span, lines};

/// Splits a paragraph into lines, also at `<br>` and at end tags of HTML block elements.
pub(super) fn segments(text: &str, span: Span) -> impl Iterator<Item = Span> {
    lines::of(text, span).flat_map(move |line| {
        let mut parts = Vec::new();
        let mut start = line.start;
        for at in memchr::memchr_iter(b'<', line.slice(text).as_bytes()) {
            let here = line.start + at;
            let length = break_tag(&text[here..line.end]);
            if length > 0 && here >= start {
                parts.push(Span::new(start, here));
                start = here + length;
            }
        }
        parts.into_iter().chain(std::iter::once(Span::new(start, line.end)))
    })
}

/// Returns the length of `<br>`, `<br/>`, `<br />` or an end tag such as `</li>` at the start of a text; 0 if there is
/// none.
fn break_tag(text: &str) -> usize {
    const TAGS: &[&str] = &["<br", "</li", "</p", "</dd", "</tr", "</div"];
    let tag = TAGS.iter().find(|tag| text.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag)));
    let rest = tag.map_or("", |tag| text[tag.len()..].trim_start().trim_start_matches('/').trim_start());
    if rest.starts_with('>') { text.len() - rest.len() + 1 } else { 0 }
}

/// Line without the marks around its text.
pub(super) struct BareLine {
    pub(super) content: Span,
    /// Whether the line is a list entry.
    pub(super) is_entry: bool,
    /// Whether the task is done; `None` if the line is not a task.
    pub(super) done: Option<bool>,
}

/// Strips quote marks, list marks and tags before the text of a line, and end tags after it.
pub(super) fn bare_line(text: &str, line: Span) -> BareLine {
    /// Tags that are part of a label.
    const LABELS: &[&str] = &["<b>", "<strong>", "<i>", "<em>", "<u>", "<code>", "<dt>", "<br"];
    let mut rest = line.slice(text).trim();
    let (mut is_entry, mut done) = (false, None);
    loop {
        let before = rest.len();
        rest = rest.strip_prefix('>').unwrap_or(rest).trim_start();
        if let Some(end) = rest.starts_with('<').then(|| rest.find('>')).flatten()
            && !LABELS.iter().any(|tag| rest.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag)))
        {
            if rest[..end].to_ascii_lowercase().starts_with("<li") {
                is_entry = true;
            }
            rest = rest[end + 1..].trim_start();
        }
        let mark = body::bullet(rest).max(body::ordinal(rest));
        if mark > 0 {
            is_entry = true;
            rest = &rest[mark..];
        }
        for (mark, state) in [("[ ] ", false), ("[x] ", true), ("[X] ", true)] {
            if let Some(task) = rest.strip_prefix(mark) {
                (is_entry, done) = (true, Some(state));
                rest = task;
            }
        }
        if rest.len() == before {
            break;
        }
    }
    let end = line.start + line.slice(text).trim_end().len();
    let start = end - rest.len();
    let mut content = rest.trim_end();
    // End tags, except those of a label.
    while content.ends_with('>')
        && let Some(open) = content.rfind("</")
        && !LABELS.iter().any(|tag| content[open + 2..].eq_ignore_ascii_case(&tag[1..]))
    {
        content = content[..open].trim_end();
    }
    BareLine { content: Span::new(start, start + content.len()), is_entry, done }
}

/// Returns `true` for the opening line of an admonition (`:::note`, `!!! note`, `[!NOTE]`), which is not text.
pub(super) fn is_directive(line: &str) -> bool {
    let is_candidate = line.as_bytes().first().is_some_and(|first| matches!(first, b':' | b'!' | b'?' | b'['));
    is_candidate
        && (line.starts_with(":::") || line.starts_with("!!!") || line.starts_with("???") || line.starts_with("[!"))
}
