//! Markers: HTML comments on a line of their own that open or close a block.

use memchr::memmem;

use super::nodes::Nodes;
use crate::text::Span;

/// Marker with its location.
#[derive(Clone, Debug)]
pub struct Marker {
    /// Span of the comment, without surrounding white space.
    pub span: Span,
    /// Span of the whole line, including the line end.
    pub line: Span,
    pub kind: MarkerKind,
    /// Correct spelling, if the comment only resembles a marker.
    pub correct: Option<String>,
}

/// Parsed content of a marker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MarkerKind {
    /// `<!-- LIVING DOCUMENT[ any text] -->`
    Living,
    /// `<!-- AUTO-GENERATED[:name][ any text] -->`
    Auto { name: Option<String> },
    /// `<!-- END AUTO-GENERATED[:name][ sum:HEX] -->`
    End {
        /// Name of the block that it closes.
        name: Option<String>,
        /// Checksum of the body as written; a valid one has 16 hexadecimal digits.
        sum: Option<String>,
    },
    /// `<!-- MANUAL[:name][ - REQUIRES REVIEW| - NEEDS REVIEW][ reviewed:DATE] -->`
    Manual {
        name: Option<String>,
        /// Date of the last review as written.
        reviewed: Option<String>,
    },
    /// `<!-- phx-ignore RULE[ until=DATE]: reason -->`
    Ignore {
        /// Rule; empty if none is named.
        rule: String,
        /// Date after `until=` as written.
        until: Option<String>,
        /// Reason; empty if none is given.
        reason: String,
    },
}

/// Finds the markers in `text[start..]`, except in code and inside longer comments.
pub fn find(text: &str, start: usize, nodes: &Nodes) -> Vec<Marker> {
    let mut markers = Vec::new();
    let bytes = text.as_bytes();
    let finder = memmem::Finder::new("<!--");
    let mut from = start;
    let mut comments = Comments::default();
    while let Some(at) = finder.find(&bytes[from..]).map(|at| from + at) {
        // Only the first comment of a line can be the only content of the line.
        from = memchr::memchr2(b'\n', b'\r', &bytes[at..]).map_or(bytes.len(), |end| at + end);
        let Some((span, line)) = only_on_line(text, at) else {
            continue;
        };
        let comment = span.slice(text);
        let exact = read(comment).map(|kind| (kind, None));
        let similar = || read_similar(comment).map(|(kind, correct)| (kind, Some(correct)));
        let Some((kind, correct)) = exact.or_else(similar) else {
            continue;
        };
        if comments.contains(text, span, nodes) {
            markers.push(Marker { span, line, kind, correct });
        }
    }
    markers
}

/// Returns the spans of the comment at `at` and of its line, if the line contains nothing else.
fn only_on_line(text: &str, at: usize) -> Option<(Span, Span)> {
    let bytes = text.as_bytes();
    let line_start = memchr::memrchr2(b'\n', b'\r', &bytes[..at]).map_or(0, |end| end + 1);
    let line_end = memchr::memchr2(b'\n', b'\r', &bytes[at..]).map_or(bytes.len(), |end| at + end);
    if !text[line_start..at].trim().is_empty() {
        return None;
    }
    let comment = text[at..line_end].trim_end();
    let inside = comment.strip_prefix("<!--")?.strip_suffix("-->")?;
    if inside.contains("-->") {
        return None;
    }
    let next = match (bytes.get(line_end), bytes.get(line_end + 1)) {
        (Some(b'\r'), Some(b'\n')) => line_end + 2,
        (Some(_), _) => line_end + 1,
        (None, _) => line_end,
    };
    Some((Span::new(at, at + comment.len()), Span::new(line_start, next)))
}

/// Returns `true` if a line is a valid marker.
pub fn is_marker(line: &str) -> bool {
    read(line).is_some()
}

/// Comments of HTML blocks, in order. Each block is scanned only once, independent of the number of markers in it.
#[derive(Default)]
struct Comments {
    /// Start of the block that was queried last.
    block: usize,
    /// Offset in that block at which the scan continues.
    from: usize,
}

impl Comments {
    /// Returns `true` if Markdown parses the text at `span` as a separate comment. Must be called with spans in order.
    fn contains(&mut self, text: &str, span: Span, nodes: &Nodes) -> bool {
        let index = nodes.html.partition_point(|html| html.end <= span.start);
        if let Some(html) = nodes.html.get(index)
            && html.covers(Span::at(span.start))
        {
            if self.block != html.start {
                *self = Self { block: html.start, from: 0 };
            }
            return self.starts(html.slice(text), span.start - html.start);
        }
        nodes.inline_html.binary_search_by_key(&span.start, |html| html.start).is_ok()
    }

    /// Returns `true` if a comment starts at `at`; `false` if `at` is inside an earlier comment.
    fn starts(&mut self, html: &str, at: usize) -> bool {
        while let Some(open) = html[self.from..].find("<!--").map(|open| self.from + open) {
            if open >= at {
                return open == at;
            }
            self.from = html[open..].find("-->").map_or(html.len(), |close| open + close + 3);
        }
        false
    }
}

/// Parses a comment as a marker, with the exact spaces and case of the grammar.
fn read(comment: &str) -> Option<MarkerKind> {
    let inside = comment.strip_prefix("<!-- ")?.strip_suffix(" -->")?;
    if let Some(rest) = inside.strip_prefix("AUTO-GENERATED") {
        let (name, rest) = if rest.starts_with(TEXT) { (None, rest) } else { name(rest)? };
        // `AUTO-GENERATED END` and `AUTO-GENERATED:END` are misspelled END markers.
        let ends = is_end(rest) || name.as_deref().is_some_and(is_end);
        return (!ends).then_some(MarkerKind::Auto { name });
    }
    if let Some(rest) = inside.strip_prefix("END AUTO-GENERATED") {
        let (name, rest) = name(rest)?;
        return Some(MarkerKind::End { name, sum: option(rest, " sum:").ok()? });
    }
    if let Some(rest) = inside.strip_prefix("MANUAL") {
        let (name, rest) = name(rest)?;
        let rest =
            rest.strip_prefix(" - REQUIRES REVIEW").or_else(|| rest.strip_prefix(" - NEEDS REVIEW")).unwrap_or(rest);
        let reviewed = option(rest, " reviewed:").ok()?;
        return Some(MarkerKind::Manual { name, reviewed });
    }
    if let Some(rest) = inside.strip_prefix("LIVING DOCUMENT") {
        return (rest.is_empty() || rest.starts_with(TEXT)).then_some(MarkerKind::Living);
    }
    let rest = inside.strip_prefix("phx-ignore")?;
    (rest.is_empty() || rest.starts_with([' ', ':'])).then(|| ignore(rest))
}

/// Characters that may start the text after a keyword.
const TEXT: &[char] = &[' ', ',', '.', ';', '(', '—', '–'];

/// Words that mean the end of a block, before or after a keyword.
const ENDS: &[&str] = &["END", "STOP", "FINISH", "CLOSE", "/"];
/// Words that mean the start of a block, before a keyword.
const STARTS: &[&str] = &["START", "BEGIN", "OPEN"];

fn is_end(rest: &str) -> bool {
    let words = rest.trim().trim_start_matches(['-', ':', ' ']).to_uppercase();
    ENDS.contains(&words.as_str())
}

/// Parses a comment that resembles a marker: other case, missing spaces, `START`, `BEGIN` or `/`. Returns the intended
/// marker and its correct spelling.
fn read_similar(comment: &str) -> Option<(MarkerKind, String)> {
    let inside = comment.strip_prefix("<!--")?.strip_suffix("-->")?.trim();
    let upper = inside.to_uppercase();
    let words: Vec<&str> = upper
        .split(|c: char| c.is_whitespace() || matches!(c, '-' | '_' | ':' | ',' | '.' | '!' | '—' | '–' | '(' | ')'))
        .collect();
    let mut words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    let slash = words.first().is_some_and(|word| word.starts_with('/'));
    if slash {
        words[0] = &words[0][1..];
        words.retain(|word| !word.is_empty());
    }
    let first = words.first().copied().unwrap_or_default();
    let ends = slash || ENDS.contains(&first);
    let skipped = usize::from(!slash && (ENDS.contains(&first) || STARTS.contains(&first)));
    let rest = words.get(skipped..)?;
    let length = match rest {
        ["AUTO", "GENERATED", ..] => 2,
        ["AUTOGENERATED", ..] => 1,
        ["MANUAL"] | ["MANUAL", "REQUIRES" | "NEEDS", "REVIEW", ..] if !ends => {
            let text = "<!-- MANUAL - REQUIRES REVIEW -->".to_owned();
            return Some((MarkerKind::Manual { name: None, reviewed: None }, text));
        }
        ["LIVING", "DOCUMENT", ..] if !ends => {
            return Some((MarkerKind::Living, "<!-- LIVING DOCUMENT -->".to_owned()));
        }
        _ => return None,
    };
    // A name directly after the keyword is preserved.
    let name = inside.rsplit_once("GENERATED").or_else(|| inside.rsplit_once("generated")).and_then(|(_, rest)| {
        let (name, _) = self::name(rest)?;
        name.filter(|name| !is_end(name))
    });
    let named = name.as_ref().map_or_else(String::new, |name| format!(":{name}"));
    let last = rest.get(length).copied().unwrap_or_default();
    if ends || (rest.len() == length + 1 && ENDS.contains(&last)) {
        let sum = inside.rsplit_once("sum:").map(|(_, sum)| sum.trim().to_owned());
        let sum = sum.filter(|sum| sum.len() == 16 && sum.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let option = sum.as_ref().map_or_else(String::new, |sum| format!(" sum:{sum}"));
        return Some((MarkerKind::End { name, sum }, format!("<!-- END AUTO-GENERATED{named}{option} -->")));
    }
    let text = format!("<!-- AUTO-GENERATED{named} - DO NOT EDIT -->");
    Some((MarkerKind::Auto { name }, text))
}

/// Parses `[:name]`. Returns `None` if neither a name nor the end of the keyword follows.
fn name(rest: &str) -> Option<(Option<String>, &str)> {
    let Some(named) = rest.strip_prefix(':') else {
        return (rest.is_empty() || rest.starts_with(' ')).then_some((None, rest));
    };
    let end = named.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-' || c == '.')).unwrap_or(named.len());
    let (name, rest) = named.split_at(end);
    let whole = !name.is_empty() && (rest.is_empty() || rest.starts_with(' '));
    whole.then(|| (Some(name.to_owned()), rest))
}

/// Error of [`option`]: the text is not the expected option.
struct InvalidOption;

/// Parses `[ key:value]` at the end of a marker.
fn option(rest: &str, key: &str) -> Result<Option<String>, InvalidOption> {
    if rest.is_empty() {
        return Ok(None);
    }
    let value = rest.strip_prefix(key).ok_or(InvalidOption)?;
    let whole = !value.is_empty() && !value.contains(char::is_whitespace);
    if whole { Ok(Some(value.to_owned())) } else { Err(InvalidOption) }
}

/// Parses the text after `phx-ignore`. Missing parts are empty and unexpected words become part of the rule name; the
/// rules on suppressions report both.
fn ignore(rest: &str) -> MarkerKind {
    let (head, reason) = rest.split_once(": ").unwrap_or((rest.strip_suffix(':').unwrap_or(rest), ""));
    let (until, words): (Vec<&str>, Vec<&str>) = head.split_whitespace().partition(|word| word.starts_with("until="));
    MarkerKind::Ignore {
        rule: words.join(" "),
        until: until.first().map(|until| until.trim_start_matches("until=").to_owned()),
        reason: reason.trim().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::nodes;
    use super::*;

    fn found(text: &str) -> Vec<MarkerKind> {
        let nodes = nodes::parse(text, 0);
        find(text, 0, &nodes).into_iter().map(|marker| marker.kind).collect()
    }

    const AUTO: &str = "<!-- AUTO-GENERATED - DO NOT EDIT -->";

    #[test]
    fn parses_every_form_of_the_grammar() {
        let auto = |name: Option<&str>| MarkerKind::Auto { name: name.map(str::to_owned) };
        assert_eq!(read("<!-- AUTO-GENERATED -->"), Some(auto(None)));
        assert_eq!(read(AUTO), Some(auto(None)));
        assert_eq!(read("<!-- AUTO-GENERATED:a_b - DO NOT EDIT -->"), Some(auto(Some("a_b"))));
        assert_eq!(
            read("<!-- END AUTO-GENERATED:a sum:0123456789abcdef -->"),
            Some(MarkerKind::End { name: Some("a".into()), sum: Some("0123456789abcdef".into()) })
        );
        assert_eq!(
            read("<!-- MANUAL:x - NEEDS REVIEW reviewed:2025-08-29 -->"),
            Some(MarkerKind::Manual { name: Some("x".into()), reviewed: Some("2025-08-29".into()) })
        );
        assert_eq!(read("<!-- LIVING DOCUMENT - MUST REMAIN CURRENT -->"), Some(MarkerKind::Living));
        assert_eq!(read("<!-- AUTO-GENERATED — DO NOT EDIT -->"), Some(auto(None)));
        assert_eq!(read("<!-- AUTO-GENERATED:env from .env.example -->"), Some(auto(Some("env"))));
        assert_eq!(read("<!-- LIVING DOCUMENT (updated weekly) -->"), Some(MarkerKind::Living));
        for text in
            ["<!-- AUTO-GENERATEDX -->", "<!-- MANUALLY -->", "<!-- AUTO-GENERATED END -->", "<!-- MANUAL steps -->"]
        {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn recognizes_misspelled_markers() {
        let auto = "<!-- AUTO-GENERATED - DO NOT EDIT -->";
        let end = "<!-- END AUTO-GENERATED -->";
        let manual = "<!-- MANUAL - REQUIRES REVIEW -->";
        let cases = [
            ("<!--AUTO-GENERATED-->", auto),
            ("<!-- auto-generated -->", auto),
            ("<!-- AUTO GENERATED -->", auto),
            ("<!-- Autogenerated, do not edit -->", auto),
            ("<!-- BEGIN AUTO-GENERATED -->", auto),
            ("<!-- START AUTO-GENERATED -->", auto),
            ("<!-- BEGIN AUTO-GENERATED:env -->", "<!-- AUTO-GENERATED:env - DO NOT EDIT -->"),
            ("<!-- /AUTO-GENERATED -->", end),
            ("<!-- / AUTO-GENERATED -->", end),
            ("<!-- END AUTO GENERATED -->", end),
            ("<!-- end auto-generated -->", end),
            ("<!--END AUTO-GENERATED-->", end),
            ("<!-- END-AUTO-GENERATED -->", end),
            ("<!-- AUTO-GENERATED END -->", end),
            ("<!-- AUTO-GENERATED:END -->", end),
            ("<!-- END AUTO-GENERATED:env sum: -->", "<!-- END AUTO-GENERATED:env -->"),
            ("<!-- manual -->", manual),
            ("<!--MANUAL-->", manual),
            ("<!-- MANUAL — REQUIRES REVIEW -->", manual),
            ("<!-- living document -->", "<!-- LIVING DOCUMENT -->"),
        ];
        for (comment, correct) in cases {
            assert!(read(comment).is_none(), "{comment}");
            assert_eq!(read_similar(comment).map(|(_, text)| text).as_deref(), Some(correct), "{comment}");
            assert!(read(correct).is_some(), "{correct}");
        }
        for comment in [
            "<!-- a manual step -->",
            "<!-- generated -->",
            "<!-- BEGIN_TF_DOCS -->",
            "<!-- the end -->",
            "<!-- manual steps -->",
        ] {
            assert!(read_similar(comment).is_none(), "{comment}");
        }
    }

    #[test]
    fn parses_a_suppression() {
        assert_eq!(
            read("<!-- phx-ignore schema-violation until=2026-01-01: moved: soon -->"),
            Some(MarkerKind::Ignore {
                rule: "schema-violation".into(),
                until: Some("2026-01-01".into()),
                reason: "moved: soon".into()
            })
        );
    }

    #[test]
    fn ignores_markers_in_code_and_text() {
        for text in [
            format!("```\n{AUTO}\n```\n"),
            format!("~~~~ md\n~~~\n{AUTO}\n~~~~\n"),
            format!("````\n```\n{AUTO}\n```\n````\n"),
            format!("para\n\n    {AUTO}\n"),
            format!("\t{AUTO}\n"),
            format!("- item\n\n  ```\n  {AUTO}\n  ```\n"),
            format!("> ```\n> {AUTO}\n> ```\n"),
            format!("`{AUTO}`\n"),
            format!("a `code\n    {AUTO}\n` span\n"),
            format!("<!--\nexample:\n{AUTO}\n-->\n"),
            format!("text {AUTO}\n"),
            format!("{AUTO} text\n"),
        ] {
            assert!(found(&text).is_empty(), "{text}");
        }
    }

    #[test]
    fn finds_markers_next_to_code_and_text() {
        for text in [
            format!("{AUTO}\n"),
            format!("  {AUTO}  \r\nx\r\n"),
            format!("para\n{AUTO}\n"),
            format!("```\ncode\n```\n{AUTO}\n"),
            format!("- item\n  {AUTO}\n"),
            format!("<div>\n{AUTO}\n</div>\n"),
            format!("para\n    {AUTO}\n"),
            format!("<!-- note -->\n{AUTO}\n"),
        ] {
            assert_eq!(found(&text).len(), 1, "{text}");
        }
    }
}
