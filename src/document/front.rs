//! The front matter of a document: where it ends, its YAML, and what is left of it if that cannot be read.

use super::dialect::Dialect;
use super::governance::Governance;
use super::region::{self, Region};
use super::syntax_error::{SyntaxError, SyntaxErrorKind};
use super::{salvage, yaml};
use crate::text::{Lines, Node, NodeData, Span, lines};

/// Reads the front matter. If its YAML cannot be read, the reader of lines goes on.
pub(super) fn read(
    text: &str,
    region: &mut Option<Region>,
    dialect: &Dialect,
    syntax_errors: &mut Vec<SyntaxError>,
) -> (Option<Node<'static>>, Governance) {
    let Some(region) = region else {
        return (None, Governance::default());
    };
    let place = region.opener;
    let unread = Governance { place, ..Governance::default() };
    let mut parsed = yaml::parse(text, region.content);
    if region.end == region::RegionEnd::Closed && parsed.0.is_none() {
        // The line that closes it may be a thematic break of the body.
        let likely = likely_content(text, region.content);
        let (front, likely_faults) = yaml::parse(text, likely);
        if looks_like_body(text, Span::new(likely.end, region.content.end)) {
            *region = Region { content: likely, body: likely.end, end: region::RegionEnd::Unterminated, ..*region };
            parsed = (front, likely_faults);
        }
    }
    match region.end {
        region::RegionEnd::Closed => {}
        region::RegionEnd::TooLong => {
            syntax_errors.push(SyntaxError::new(
                SyntaxErrorKind::Oversized,
                place,
                format!("no line `---` closes the front matter within {} KiB", region::FRONT_MATTER / 1024),
                "close the front matter with `---`",
            ));
            return (None, unread);
        }
        region::RegionEnd::Unterminated => {
            syntax_errors.push(SyntaxError::new(
                SyntaxErrorKind::Unterminated,
                place,
                "front matter that is never closed",
                "put `---` on a line of its own after the last key",
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
        syntax_errors.extend(explain(text, salvaged.syntax_errors, salvaged.keyless, yaml_errors));
        let (last_updated, update_required_by) = (salvaged.last_updated, salvaged.update_required_by);
        return (None, Governance { last_updated, update_required_by, ..unread });
    };
    syntax_errors.extend(yaml_errors);
    if !matches!(front.data, NodeData::Map(_)) {
        syntax_errors.push(not_a_mapping("the front matter", &front, front.span));
        return (None, unread);
    }
    let mut governance = Governance::read(&front, place, dialect);
    if let Some(tree) = governance.tree.take_if(|tree| !matches!(tree.data, NodeData::Map(_))) {
        let name = if dialect.root.is_empty() { "the front matter".to_owned() } else { format!("`{}`", dialect.root) };
        syntax_errors.push(not_a_mapping(&name, &tree, governance.place));
    }
    (Some(front), governance)
}

/// Whether lines after a possible front matter are those of a body: a marker, or text that is neither a key, an entry nor
/// a comment.
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

fn not_a_mapping(name: &str, tree: &Node<'_>, place: Span) -> SyntaxError {
    SyntaxError::new(
        SyntaxErrorKind::FrontMatter,
        place,
        format!("{name} is {}, not a mapping", tree.kind()),
        "write it as lines of `key: value`",
    )
}

/// The part of an unterminated front matter that can be one: up to the first blank line or heading.
fn likely_content(text: &str, content: Span) -> Span {
    let ends = |line: &Span| {
        let line = line.slice(text);
        line.trim().is_empty() || line.starts_with("# ") || line.starts_with("<!--")
    };
    let end = lines::of(text, content).find(ends).map_or(content.end, |line| line.start);
    Span::new(content.start, end)
}

/// The errors of YAML at the positions of its parser, and the guesses of the reader of lines; a guess about a line replaces
/// the error on it, and an error replaces a line that is only known to have no key.
fn explain(
    text: &str,
    guesses: Vec<SyntaxError>,
    keyless: Vec<SyntaxError>,
    yaml: Vec<SyntaxError>,
) -> Vec<SyntaxError> {
    let lines = Lines::new(text);
    let line = |syntax_error: &SyntaxError| lines.line(syntax_error.span.start);
    let explained: Vec<usize> = guesses.iter().map(line).collect();
    let mut syntax_errors: Vec<SyntaxError> =
        yaml.into_iter().filter(|syntax_error| !explained.contains(&line(syntax_error))).collect();
    let located: Vec<usize> = syntax_errors.iter().map(line).collect();
    syntax_errors.extend(keyless.into_iter().filter(|syntax_error| !located.contains(&line(syntax_error))));
    syntax_errors.extend(guesses);
    syntax_errors.sort_by_key(|syntax_error| syntax_error.span.start);
    syntax_errors
}
