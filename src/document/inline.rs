//! Conversion of inline Markdown to plain text.
//!
//! Emphasis, code marks, HTML tags and comments, footnote references, images and struck-through text are removed; links
//! become their text. `pulldown-cmark` recognizes the markup.

use std::borrow::Cow;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// Returns `true` for a byte that may be part of markup, and for line ends. A text without such bytes is plain.
fn is_markup(byte: u8) -> bool {
    matches!(byte, b'*' | b'_' | b'`' | b'[' | b'<' | b'~' | b'\\' | b'&' | b'!' | b'\n' | b'\r')
}

/// Returns a text on one line without markup.
pub fn plain(text: &str) -> Cow<'_, str> {
    let trimmed = text.trim();
    if !trimmed.bytes().any(is_markup) {
        return Cow::Borrowed(trimmed);
    }
    let mut out = String::with_capacity(trimmed.len());
    // Nesting depth of struck-through text and images, which are omitted.
    let mut hidden = 0_usize;
    // A value is inline content: a leading word joiner prevents that it is parsed as a heading or a list.
    let source = format!("\u{2060}{trimmed}");
    let options = Options::ENABLE_STRIKETHROUGH;
    for event in Parser::new_ext(&source, options) {
        match event {
            Event::Start(Tag::Strikethrough | Tag::Image { .. }) => hidden += 1,
            Event::End(TagEnd::Strikethrough | TagEnd::Image) => hidden = hidden.saturating_sub(1),
            Event::Text(text) | Event::Code(text) if hidden == 0 => out.push_str(&text),
            Event::SoftBreak | Event::HardBreak if hidden == 0 => out.push(' '),
            Event::InlineHtml(tag) | Event::Html(tag) => match tag_name(&tag).as_str() {
                "br" => out.push(' '),
                "s" | "del" | "strike" => hidden += 1,
                "/s" | "/del" | "/strike" => hidden = hidden.saturating_sub(1),
                _ => {}
            },
            _ => {}
        }
    }
    let out = out.replace('\u{2060}', "");
    Cow::Owned(without_footnotes(out.trim()))
}

/// Returns the name of a tag in lower case, with the `/` of an end tag.
fn tag_name(tag: &str) -> String {
    let name = tag.trim_start_matches('<').trim_end_matches('>').trim_end_matches('/');
    name.split_whitespace().next().unwrap_or_default().to_ascii_lowercase()
}

/// Returns `true` if the whole text is struck through.
pub fn is_struck(text: &str) -> bool {
    let trimmed = text.trim();
    let marked = trimmed.contains("~~") || trimmed.contains("<s") || trimmed.contains("<del");
    marked && plain(trimmed).chars().all(|c| !c.is_alphanumeric())
}

/// Removes footnote references (`[^1]`), which are plain text in CommonMark.
fn without_footnotes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find("[^") {
        let Some(length) = rest[open..].find(']') else { break };
        out.push_str(&rest[..open]);
        rest = &rest[open + length + 1..];
    }
    out.push_str(rest);
    out.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removes_markup_and_struck_text() {
        let cases = [
            ("8", "8"),
            ("**8** pts", "8 pts"),
            ("~~5~~ 0", "0"),
            ("~~5~~", ""),
            ("[Index service](./index.md) (blocked)", "Index service (blocked)"),
            ("8[^1]", "8"),
            ("8 <!-- was 5 -->", "8"),
            ("<b>Done</b>", "Done"),
            ("<s>5</s> 0", "0"),
            ("a<br/>b", "a b"),
            ("`a` \\| b", "a | b"),
            ("![icon](x.png) Done", "Done"),
            ("- x", "- x"),
            ("# x", "# x"),
            ("3. x", "3. x"),
            ("snake_case_name", "snake_case_name"),
        ];
        for (text, expected) in cases {
            assert_eq!(plain(text), expected, "{text}");
        }
        assert!(is_struck("~~Contract tests (3 pts)~~ ✅"));
        assert!(!is_struck("~~5~~ 0"));
        assert!(!is_struck("text"));
    }
}
