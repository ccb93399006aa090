//! Front matter of a document: its end, its YAML, and recovery of values if the YAML cannot be parsed.

use super::dialect::Dialect;
use super::governance::Governance;
use super::region::{self, Region};
use super::syntax_error::{SyntaxError, SyntaxErrorKind};
use super::{salvage, yaml};
use crate::text::{Lines, Node, NodeData, Span, lines};

/// Parses the front matter. If its YAML cannot be parsed, the line-based fallback in [`salvage`] is used.
pub(super) fn read(
    text: &str,
    region: &mut Option<Region>,
    dialect: &Dialect,
    syntax_errors: &mut Vec<SyntaxError>,
) -> (Option<Node<'static>>, Governance) {
    let Some(region) = region else {
        return (None, Governance::default());
    };
    let span = region.opener;
    let unread = Governance { key_span: span, ..Governance::default() };
    let mut parsed = yaml::parse(text, region.content);
    if region.end == region::RegionEnd::Closed && parsed.0.is_none() {
        // The closing line may be a thematic break of the body.
        let likely = likely_content(text, region.content);
        let (front, likely_errors) = yaml::parse(text, likely);
        if looks_like_body(text, Span::new(likely.end, region.content.end)) {
            *region = Region { content: likely, body: likely.end, end: region::RegionEnd::Unterminated, ..*region };
            parsed = (front, likely_errors);
        }
    }
    match region.end {
        region::RegionEnd::Closed => {}
        region::RegionEnd::TooLong => {
            syntax_errors.push(SyntaxError::new(
                SyntaxErrorKind::Oversized,
                span,
                format!("front matter is not closed within {} KiB", region::FRONT_MATTER / 1024),
                "add a line `---` after the last key",
            ));
            return (None, unread);
        }
        region::RegionEnd::Unterminated => {
            syntax_errors.push(SyntaxError::new(
                SyntaxErrorKind::Unterminated,
                span,
                "front matter is never closed",
                "add a line `---` after the last key",
            ));
            let likely = likely_content(text, region.content);
            if likely != region.content {
                *region = Region { content: likely, body: likely.end, ..*region };
                parsed = yaml::parse(text, likely);
            }
        }
    }
    let content = region.content;
    let (front, yaml_errors) = parsed;
    let Some(front) = front else {
        let salvaged = salvage::read(text, content, dialect);
        syntax_errors.extend(merge_errors(text, salvaged.syntax_errors, salvaged.keyless, yaml_errors));
        let (last_updated, update_required_by) = (salvaged.last_updated, salvaged.update_required_by);
        return (None, Governance { last_updated, update_required_by, ..unread });
    };
    syntax_errors.extend(yaml_errors);
    if !matches!(front.data, NodeData::Map(_)) {
        syntax_errors.push(not_a_mapping("the front matter", &front, front.span));
        return (None, unread);
    }
    let mut governance = Governance::read(&front, span, dialect);
    if let Some(tree) = governance.tree.take_if(|tree| !matches!(tree.data, NodeData::Map(_))) {
        let name = if dialect.root.is_empty() { "the front matter".to_owned() } else { format!("`{}`", dialect.root) };
        syntax_errors.push(not_a_mapping(&name, &tree, governance.key_span));
    }
    (Some(front), governance)
}

/// Returns `true` if lines after a possible front matter belong to a body: one is a marker, or text that is not a key,
/// a list entry or a comment.
fn looks_like_body(text: &str, rest: Span) -> bool {
    lines::of(text, rest).any(|line| {
        let line = line.slice(text);
        let key = || {
            line.split_once(':')
                .is_some_and(|(key, rest)| !key.contains(' ') && (rest.is_empty() || rest.starts_with(' ')))
        };
        let yaml = line.trim().is_empty() || line.starts_with([' ', '\t', '#', '-', '}', ']']) || key();
        line.starts_with("<!--") || !yaml
    })
}

fn not_a_mapping(name: &str, tree: &Node<'_>, span: Span) -> SyntaxError {
    SyntaxError::new(
        SyntaxErrorKind::FrontMatter,
        span,
        format!("expected a mapping in {name}, found {}", tree.type_name()),
        "write lines of the form `key: value`",
    )
}

/// Returns the probable content of an unterminated front matter: up to the first blank line, heading or HTML comment.
fn likely_content(text: &str, content: Span) -> Span {
    let ends = |line: &Span| {
        let line = line.slice(text);
        line.trim().is_empty() || line.starts_with("# ") || line.starts_with("<!--")
    };
    let end = lines::of(text, content).find(ends).map_or(content.end, |line| line.start);
    Span::new(content.start, end)
}

/// Merges the errors of the YAML parser and of the line-based parser. On the same line, an identified problem replaces
/// a YAML error, and a YAML error replaces a line without a key.
fn merge_errors(
    text: &str,
    identified: Vec<SyntaxError>,
    keyless: Vec<SyntaxError>,
    yaml: Vec<SyntaxError>,
) -> Vec<SyntaxError> {
    let lines = Lines::new(text);
    let line = |syntax_error: &SyntaxError| lines.line(syntax_error.span.start);
    let identified_lines: Vec<usize> = identified.iter().map(line).collect();
    let mut syntax_errors: Vec<SyntaxError> =
        yaml.into_iter().filter(|syntax_error| !identified_lines.contains(&line(syntax_error))).collect();
    let error_lines: Vec<usize> = syntax_errors.iter().map(line).collect();
    syntax_errors.extend(keyless.into_iter().filter(|syntax_error| !error_lines.contains(&line(syntax_error))));
    syntax_errors.extend(identified);
    syntax_errors.sort_by_key(|syntax_error| syntax_error.span.start);
    syntax_errors
}
