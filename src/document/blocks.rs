//! Blocks: what stands between an AUTO marker and its END, and the section under a MANUAL marker.

use super::fields;
use super::marker::{Marker, MarkerKind};
use super::nodes::{MarkdownNode, MarkdownNodeKind};
use super::outline::{Outline, Title};
use super::syntax_error::{SyntaxError, SyntaxErrorKind};
use crate::text::{Lines, Span, slug};

/// How many blocks a document may hold.
pub const BLOCKS: usize = 10_000;

/// Who writes a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockMode {
    /// The program.
    Auto,
    /// People.
    Manual,
}

/// One block.
#[derive(Clone, Debug)]
pub struct Block {
    /// Who writes it.
    pub mode: BlockMode,
    /// The name in its marker.
    pub marker_name: Option<String>,
    /// Slug of that name, else of the bold lead-in or the heading above.
    pub id: String,
    /// The canonical name.
    pub name: String,
    /// Whether the front matter declares it.
    pub declared: bool,
    /// The marker that opens it.
    pub opener: Span,
    /// The END marker; a MANUAL block has none, nor has an AUTO block that is never closed.
    pub closer: Option<Span>,
    /// What stands inside.
    pub body: Span,
    /// The checksum in its END marker.
    pub sum: Option<String>,
    /// The date in its MANUAL marker.
    pub reviewed: Option<String>,
    /// The nearest section above, by index.
    pub section: Option<usize>,
}

/// An AUTO block before it has a name: where its markers are.
#[derive(Clone, Debug)]
pub struct BlockPair {
    /// Index of the opening marker.
    pub opener: usize,
    /// Index of the END marker.
    pub closer: Option<usize>,
}

/// Pairs AUTO markers with their ENDs. What does not pair is a fault at the opener.
pub fn pair(text: &str, lines: &Lines, markers: &[Marker]) -> (Vec<BlockPair>, Vec<SyntaxError>) {
    let mut pairs: Vec<BlockPair> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut inner: Vec<(usize, usize)> = Vec::new();
    let mut syntax_errors = Vec::new();
    for (index, marker) in markers.iter().enumerate() {
        match &marker.kind {
            MarkerKind::Auto { .. } => {
                if let Some(&outer) = open.last() {
                    inner.push((outer, index));
                }
                pairs.push(BlockPair { opener: index, closer: None });
                open.push(index);
            }
            MarkerKind::Manual { .. } => {
                if let Some(&outer) = open.last() {
                    inner.push((outer, index));
                }
            }
            MarkerKind::End { name, .. } => match open.pop() {
                None => syntax_errors.push(end_alone(marker)),
                Some(opener) => {
                    if let Some(syntax_error) = names_differ(&markers[opener], name.as_deref(), lines, marker) {
                        syntax_errors.push(syntax_error);
                    }
                    if let Some(pair) = pairs.iter_mut().rev().find(|pair| pair.opener == opener) {
                        pair.closer = Some(index);
                    }
                }
            },
            MarkerKind::Living | MarkerKind::Ignore { .. } => {}
        }
    }
    syntax_errors.extend(open.iter().map(|index| never_closed(&markers[*index])));
    let closed = |opener: usize| !open.contains(&opener);
    for (outer, marker) in inner.iter().filter(|(outer, _)| closed(*outer)) {
        let line = lines.line(markers[*outer].span.start);
        syntax_errors.push(nested(text, &markers[*marker], line));
    }
    syntax_errors.sort_by_key(|syntax_error| syntax_error.span.start);
    (pairs, syntax_errors)
}

fn end_alone(marker: &Marker) -> SyntaxError {
    SyntaxError::new(
        SyntaxErrorKind::Unbalanced,
        marker.span,
        "an END marker that closes no block",
        "put `<!-- AUTO-GENERATED - DO NOT EDIT -->` where the block starts, or take the END marker out",
    )
}

fn never_closed(marker: &Marker) -> SyntaxError {
    SyntaxError::new(
        SyntaxErrorKind::Unbalanced,
        marker.span,
        "an AUTO block that is never closed",
        "put `<!-- END AUTO-GENERATED -->` on a line of its own where the block ends",
    )
}

fn names_differ(opener: &Marker, end: Option<&str>, lines: &Lines, closer: &Marker) -> Option<SyntaxError> {
    let MarkerKind::Auto { name: Some(name) } = &opener.kind else {
        return None;
    };
    let end = end.filter(|end| end != name)?;
    let line = lines.line(closer.span.start);
    Some(SyntaxError::new(
        SyntaxErrorKind::Unbalanced,
        opener.span,
        format!("the block `{name}` is closed by an END marker for `{end}` on line {line}"),
        "give both markers the same name",
    ))
}

fn nested(text: &str, marker: &Marker, outer: usize) -> SyntaxError {
    SyntaxError::new(
        SyntaxErrorKind::Nested,
        marker.span,
        format!("`{}` stands inside the AUTO block that opens on line {outer}", marker.span.slice(text)),
        "close the outer block first; what stands inside an AUTO block is overwritten",
    )
}

/// A heading inside an AUTO block.
#[derive(Clone, Debug)]
pub struct InnerHeading {
    /// Start of the block's opening marker.
    pub block: usize,
    /// Its level.
    pub level: u8,
    /// Its title.
    pub title: String,
    /// Its span.
    pub span: Span,
}

/// The headings inside AUTO blocks, of which the spans are given.
pub fn inner_headings(nodes: &[MarkdownNode], bodies: &[Span]) -> Vec<InnerHeading> {
    let mut found = Vec::new();
    for body in bodies {
        let first = nodes.partition_point(|node| node.span.start < body.start);
        for node in nodes[first..].iter().take_while(|node| node.span.start < body.end) {
            if let MarkdownNodeKind::Heading { level, title } = &node.kind {
                found.push(InnerHeading { block: body.start, level: *level, title: title.clone(), span: node.span });
            }
        }
    }
    found
}

/// Headings that end the section of the AUTO block that contains them: the END marker is missing before them.
pub fn swallowed(lines: &Lines, outline: &Outline, inner: &[InnerHeading]) -> Vec<SyntaxError> {
    let ends_section = |heading: &&InnerHeading| {
        let level = outline.nearest(heading.block).map_or(1, |section| outline.sections[section].level);
        heading.level <= level
    };
    let syntax_error = |heading: &InnerHeading| {
        let line = lines.line(heading.block);
        SyntaxError::new(
            SyntaxErrorKind::Unbalanced,
            heading.span,
            format!("the heading `{}` is inside the AUTO block that opens on line {line}", heading.title),
            "put `<!-- END AUTO-GENERATED -->` on a line of its own before the section of the heading starts",
        )
    };
    let mut found: Vec<&InnerHeading> = inner.iter().filter(ends_section).collect();
    // What follows the first one is inside for the same reason.
    found.dedup_by_key(|heading| heading.block);
    found.into_iter().map(syntax_error).collect()
}

/// The spans of the AUTO blocks, markers included, outermost only and in order.
pub fn auto_spans(markers: &[Marker], pairs: &[BlockPair]) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for pair in pairs {
        let Some(closer) = pair.closer else { continue };
        let span = Span::new(markers[pair.opener].line.start, markers[closer].line.end);
        if spans.last().is_none_or(|last| last.end <= span.start) {
            spans.push(span);
        }
    }
    spans
}

/// Makes the blocks of both modes, in the order of their openers. Names are ids still.
pub fn build(text: &str, lines: &Lines, markers: &[Marker], pairs: &[BlockPair], outline: &Outline) -> Vec<Block> {
    let mut pairs = pairs.iter();
    let mut blocks = Vec::new();
    for marker in markers {
        let (mode, name, reviewed) = match &marker.kind {
            MarkerKind::Auto { name } => (BlockMode::Auto, name, None),
            MarkerKind::Manual { name, reviewed } => (BlockMode::Manual, name, reviewed.clone()),
            _ => continue,
        };
        let section = outline.nearest(marker.span.start);
        let id = match name {
            Some(name) => slug(name),
            None => unnamed(text, lines, marker, outline, section),
        };
        let mut block = Block {
            mode,
            marker_name: name.clone(),
            name: id.clone(),
            id,
            declared: false,
            opener: marker.span,
            closer: None,
            body: Span::at(marker.line.end),
            sum: None,
            reviewed,
            section,
        };
        match mode {
            BlockMode::Manual => {
                let end = section.map_or(text.len(), |index| outline.sections[index].content.end);
                block.body = Span::new(marker.line.end, end);
            }
            BlockMode::Auto => {
                let closer = pairs.next().and_then(|pair| pair.closer);
                if let Some(closer) = closer.map(|index| &markers[index]) {
                    block.body = Span::new(marker.line.end, closer.line.start);
                    block.closer = Some(closer.span);
                    if let MarkerKind::End { sum, .. } = &closer.kind {
                        block.sum.clone_from(sum);
                    }
                }
            }
        }
        blocks.push(block);
    }
    blocks
}

/// The id of a block without a name: the bold lead-in on the last line before the marker that is not blank,
/// else the heading above, else the document's title.
fn unnamed(text: &str, lines: &Lines, marker: &Marker, outline: &Outline, section: Option<usize>) -> String {
    if let Some(label) = lead_in(text, lines, marker) {
        return slug(label.slice(text));
    }
    match section {
        Some(index) => title_id(&outline.sections[index].title),
        None => outline.title.as_ref().map_or_else(|| "section".to_owned(), |(title, _)| slug(&title.text)),
    }
}

/// The id that a title gives: not that of its section, which has a number behind it where titles repeat.
fn title_id(title: &Title) -> String {
    let id = slug(&title.text);
    if id.is_empty() { "section".to_owned() } else { id }
}

/// The bold label without a value that leads a block in.
pub fn lead_in(text: &str, lines: &Lines, marker: &Marker) -> Option<Span> {
    let mut line = lines.line(marker.line.start);
    while line > 1 {
        line -= 1;
        let span = lines.span(text, line).trimmed(text);
        if span.is_empty() {
            continue;
        }
        let fields = fields::bold_of_line(text, span);
        return match fields.as_slice() {
            [field] if field.value.is_empty() => Some(field.label),
            _ => None,
        };
    }
    None
}
