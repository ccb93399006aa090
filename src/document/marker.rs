//! Markers: HTML comments alone on their line that open or close a block.

use memchr::memmem;

use super::nodes::Nodes;
use crate::text::Span;

/// A marker and its place.
#[derive(Clone, Debug)]
pub struct Marker {
    /// The comment, without white space around it.
    pub span: Span,
    /// The whole line with its line end.
    pub line: Span,
    /// What it says.
    pub kind: MarkerKind,
    /// Spelling of a comment that only resembles a marker.
    pub correct: Option<String>,
}

/// What a marker says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MarkerKind {
    /// `<!-- LIVING DOCUMENT[ any text] -->`
    Living,
    /// `<!-- AUTO-GENERATED[:name][ any text] -->`
    Auto {
        /// Its name.
        name: Option<String>,
    },
    /// `<!-- END AUTO-GENERATED[:name][ sum:HEX] -->`
    End {
        /// The name of the block it closes.
        name: Option<String>,
        /// Checksum of the body: 16 hexadecimal digits.
        sum: Option<String>,
    },
    /// `<!-- MANUAL[:name][ - REQUIRES REVIEW| - NEEDS REVIEW][ reviewed:DATE] -->`
    Manual {
        /// Its name.
        name: Option<String>,
        /// The date of its last review.
        reviewed: Option<String>,
    },
    /// `<!-- phx-ignore RULE[ until=DATE]: reason -->`
    Ignore {
        /// The rule; empty where none is named.
        rule: String,
        /// The date behind `until=`.
        until: Option<String>,
        /// Why; empty where nothing is said.
        reason: String,
    },
}

/// Finds the markers in `text[start..]`. What stands in code, or inside a longer comment, is text.
pub fn find(text: &str, start: usize, nodes: &Nodes) -> Vec<Marker> {
    let mut markers = Vec::new();
    let bytes = text.as_bytes();
    let finder = memmem::Finder::new("<!--");
    let mut from = start;
    let mut comments = Comments::default();
    while let Some(at) = finder.find(&bytes[from..]).map(|at| from + at) {
        // Only the first comment of a line can be alone on it.
        from = memchr::memchr2(b'\n', b'\r', &bytes[at..]).map_or(bytes.len(), |end| at + end);
        let Some((span, line)) = alone_on_line(text, at) else {
            continue;
        };
        let comment = span.slice(text);
        let exact = read(comment).map(|kind| (kind, None));
        let similar = || read_similar(comment).map(|(kind, correct)| (kind, Some(correct)));
        let Some((kind, correct)) = exact.or_else(similar) else {
            continue;
        };
        if comments.has(text, span, nodes) {
            markers.push(Marker { span, line, kind, correct });
        }
    }
    markers
}

/// The comment at `at`, and its line, if nothing else stands on the line.
fn alone_on_line(text: &str, at: usize) -> Option<(Span, Span)> {
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

/// Whether a line says what a marker says.
pub fn is_marker(line: &str) -> bool {
    read(line).is_some()
}

/// The comments of HTML blocks, in order: each block is read once, however many markers it has.
#[derive(Default)]
struct Comments {
    /// The block that was asked for last.
    block: usize,
    /// Offset in it at which reading continues.
    from: usize,
}

impl Comments {
    /// Whether Markdown reads the text at `span` as a comment of its own. Spans are asked for in order.
    fn has(&mut self, text: &str, span: Span, nodes: &Nodes) -> bool {
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

    /// Whether a comment starts at `at`, rather than going on there.
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

/// Reads a comment as a marker by the grammar, spaces and case as written there.
fn read(comment: &str) -> Option<MarkerKind> {
    let inside = comment.strip_prefix("<!-- ")?.strip_suffix(" -->")?;
    if let Some(rest) = inside.strip_prefix("AUTO-GENERATED") {
        let (name, rest) = if rest.starts_with(TEXT) { (None, rest) } else { name(rest)? };
        // `AUTO-GENERATED END` and `AUTO-GENERATED:END` resemble an END marker.
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

/// Characters with which the text after a keyword starts.
const TEXT: &[char] = &[' ', ',', '.', ';', '(', '—', '–'];

/// Words that end a block, in the text after a keyword or before it.
const ENDS: &[&str] = &["END", "STOP", "FINISH", "CLOSE", "/"];
/// Words that start a block.
const STARTS: &[&str] = &["START", "BEGIN", "OPEN"];

fn is_end(rest: &str) -> bool {
    let words = rest.trim().trim_start_matches(['-', ':', ' ']).to_uppercase();
    ENDS.contains(&words.as_str())
}

/// Reads a comment that resembles a marker: other case, missing spaces, `START`, `BEGIN` or `/`. Returns what it was meant
/// to be, and how that is written.
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
    // A name directly after the keyword stays the name of the block.
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

/// Reads `[:name]`; `None` where what follows is neither a name nor the end of the word.
fn name(rest: &str) -> Option<(Option<String>, &str)> {
    let Some(named) = rest.strip_prefix(':') else {
        return (rest.is_empty() || rest.starts_with(' ')).then_some((None, rest));
    };
    let end = named.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-' || c == '.')).unwrap_or(named.len());
    let (name, rest) = named.split_at(end);
    let whole = !name.is_empty() && (rest.is_empty() || rest.starts_with(' '));
    whole.then(|| (Some(name.to_owned()), rest))
}

/// Something stands where an option of a marker should.
struct Unread;

/// Reads `[ key:value]` at the end of a marker.
fn option(rest: &str, key: &str) -> Result<Option<String>, Unread> {
    if rest.is_empty() {
        return Ok(None);
    }
    let value = rest.strip_prefix(key).ok_or(Unread)?;
    let whole = !value.is_empty() && !value.contains(char::is_whitespace);
    if whole { Ok(Some(value.to_owned())) } else { Err(Unread) }
}

/// Reads what follows `phx-ignore`. What is missing stays empty, and what does not belong there stays in the name of
/// the rule: the rules on suppressions say so.
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
    fn every_form_of_the_grammar_is_read() {
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
    fn a_comment_that_resembles_a_marker_is_read_as_one() {
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
    fn a_suppression_keeps_what_it_says() {
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
    fn a_marker_in_code_is_text() {
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
    fn a_marker_beside_code_is_a_marker() {
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
