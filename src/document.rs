//! Parsed Markdown document: front matter, markers, sections and items. Parsing does no I/O and never fails; syntax
//! errors are returned with the document.

pub mod blocks;
pub mod body;
pub mod conflict;
mod counted;
pub mod dialect;
pub mod syntax_error;
mod field_ids;
pub mod fields;
mod front;
pub mod governance;
pub mod html;
pub mod inline;
pub mod items;
pub mod line;
pub mod marker;
pub mod model;
pub mod names;
pub mod naming;
pub mod nodes;
pub mod outline;
pub mod previous;
pub mod quantity;
mod reader;
pub mod reading;
pub mod region;
pub mod salvage;
pub mod scan;
mod segments;
pub mod shape;
mod size;
pub mod steps;
pub mod suppression;
pub mod values;
pub mod vocabulary;
pub mod yaml;

use std::sync::Arc;

use chrono::{DateTime, Utc};

pub use blocks::{Block, BlockMode};
pub use dialect::Dialect;
pub use governance::{Declared, Governance, Spanned};
pub use items::{Item, ItemTable};
pub use marker::{Marker, MarkerKind};
pub use outline::{Outline, Section};
pub use reading::{ProblemKind, ReadProblem};
pub use region::{GovernanceScan, Region};
pub use shape::Shape;
pub use syntax_error::{SyntaxError, SyntaxErrorKind};

use crate::text::{Lines, Node, Span, decode::Decoded};
use nodes::{MarkdownNode, MarkdownNodeKind};

/// Maximum length of a document, in bytes.
pub const SIZE: usize = 16 * 1024 * 1024;

/// Parsed document with its syntax errors.
#[derive(Clone, Debug)]
pub struct Document {
    /// Path relative to the root, with `/` as separator.
    pub path: String,
    /// Decoded text; byte offsets equal those of the file.
    pub text: String,
    pub lines: Lines,
    /// Front matter dialect of the repository.
    pub dialect: Arc<Dialect>,
    /// Declarations of its kind.
    pub shape: Arc<Shape>,
    /// Location of the front matter; `None` if there is none.
    pub region: Option<Region>,
    /// Mapping of the front matter; `None` if it cannot be parsed.
    pub front: Option<Node<'static>>,
    pub governance: Governance,
    pub markers: Vec<Marker>,
    pub blocks: Vec<Block>,
    pub outline: Outline,
    pub items: Vec<Item>,
    /// Tables outside AUTO blocks, in order.
    pub tables: Vec<ItemTable>,
    /// Top-level nodes of the body outside AUTO blocks, in order.
    pub nodes: Vec<MarkdownNode>,
    /// Sections without a marker that match a name in `manual_sections` for which no MANUAL block exists: pairs of the
    /// index of the name and the index of the section.
    pub unmarked: Vec<(usize, usize)>,
    /// Syntax errors in order of their position.
    pub syntax_errors: Vec<SyntaxError>,
    /// Problems that prevent the computation of a value, in order of their position.
    pub problems: Vec<ReadProblem>,
}

impl Document {
    /// Parses a document. `shape` returns the declarations of a kind; it is called once, with the kind that the front
    /// matter names or with `None`.
    pub fn parse(
        path: &str,
        decoded: Decoded,
        dialect: &Arc<Dialect>,
        shape: &dyn Fn(Option<&str>) -> Arc<Shape>,
    ) -> Self {
        let mut syntax_errors = encoding_errors(&decoded);
        let text = decoded.text;
        let lines = Lines::new(&text);
        let mut region = region::find(text.as_bytes());
        let (front, governance) = front::read(&text, &mut region, dialect, &mut syntax_errors);
        let shape = shape(governance.kind.as_ref().map(|kind| kind.value.as_str()));
        let body = region.map_or_else(|| region::bom(text.as_bytes()), |region| region.body);
        let bound = size::bound(&text, body);
        syntax_errors.extend(bound.map(size::too_large));
        let mut parsed = nodes::parse(&text[..bound.unwrap_or(text.len())], body);
        syntax_errors.extend(parsed.too_deep.map(too_deep));
        let mut markers = marker::find(&text, body, &parsed);
        bound_blocks(&mut markers, &mut syntax_errors);
        syntax_errors.extend(markers.iter().filter_map(malformed));
        let (pairs, pairing) = blocks::pair(&text, &lines, &markers);
        syntax_errors.extend(pairing);
        let bodies = blocks::auto_spans(&markers, &pairs);
        conflicts(&text, &parsed.nodes, &bodies, &mut syntax_errors);
        let inner = blocks::inner_headings(&parsed.nodes, &bodies);
        remove_inside(&mut parsed.nodes, &bodies);
        let outline = Outline::read(&text, &parsed.nodes, text.len());
        syntax_errors.extend(blocks::headings_in_auto_blocks(&lines, &outline, &inner));
        syntax_errors.sort_by_key(|syntax_error| syntax_error.span.start);
        size::bound_errors(&mut syntax_errors);
        let blocks = blocks::build(&text, &lines, &markers, &pairs, &outline);
        let mut document = Self {
            path: path.to_owned(),
            lines,
            dialect: Arc::clone(dialect),
            shape,
            region,
            front,
            governance,
            items: Vec::new(),
            tables: items::tables(&parsed.nodes, &outline),
            markers,
            blocks,
            outline,
            nodes: parsed.nodes,
            unmarked: Vec::new(),
            syntax_errors,
            problems: Vec::new(),
            text,
        };
        document.name();
        let (items, mut problems) = items::items(items::ItemSource {
            text: &document.text,
            nodes: &document.nodes,
            outline: &document.outline,
            blocks: &document.blocks,
            shape: &document.shape,
        });
        document.items = items;
        problems.extend(reading::values(&document));
        problems.sort_by_key(|problem| problem.span.start);
        document.problems = problems;
        document
    }

    /// Returns the indices of the problems that no suppression with a reason covers. If `now` is `None`, no suppression
    /// is treated as expired.
    pub fn active_problems(&self, now: Option<DateTime<Utc>>) -> Vec<usize> {
        if self.problems.is_empty() {
            return Vec::new();
        }
        let suppressions = suppression::read(self);
        let expired = |suppression: &suppression::Suppression<'_>| now.is_some_and(|now| suppression.has_passed(now));
        let is_active = |index: &usize| {
            let problem = &self.problems[*index];
            let mut covering = suppressions.iter().filter(|one| one.covers(problem.kind.rule(), problem.span.start));
            !covering.any(|suppression| !suppression.reason.is_empty() && !expired(suppression))
        };
        (0..self.problems.len()).filter(is_active).collect()
    }

    /// Returns `true` if the document has a governance block that could be parsed.
    pub fn has_governance(&self) -> bool {
        self.governance.tree.is_some()
    }

    pub fn slice(&self, span: Span) -> &str {
        span.slice(&self.text)
    }

    /// Returns the line number of a byte offset, starting at 1.
    pub fn line(&self, byte: usize) -> usize {
        self.lines.line(byte)
    }

    pub fn blocks_of(&self, mode: BlockMode) -> impl Iterator<Item = &Block> {
        self.blocks.iter().filter(move |block| block.mode == mode)
    }

    /// Returns the innermost item that is the section itself or contains it.
    pub fn item_around(&self, section: Option<usize>) -> Option<&Item> {
        let section = section?;
        let within = &self.outline.sections[section].within;
        let mut chain = std::iter::once(section).chain(within.iter().rev().copied());
        chain.find_map(|index| self.item_of(index))
    }

    /// Returns the item whose heading is the heading of the section.
    fn item_of(&self, section: usize) -> Option<&Item> {
        let start = self.outline.sections[section].heading.start;
        let at = self.items.binary_search_by_key(&start, |item| item.span(&self.outline).start).ok()?;
        Some(&self.items[at]).filter(|item| item.section() == Some(section))
    }

    /// Returns `true` if an item is not part of another item: it is counted, or no item with fields contains it and it
    /// is not a heading without fields that contains other items.
    pub fn is_outermost(&self, item: &Item) -> bool {
        let Some(section) = item.section().filter(|_| !item.counted) else {
            return true;
        };
        let around = &self.outline.sections[section].within;
        if around.iter().filter_map(|section| self.item_of(*section)).any(|around| !around.fields.is_empty()) {
            return false;
        }
        let start = self.outline.sections[section].heading.start;
        let next = self.items.partition_point(|other| other.span(&self.outline).start <= start);
        let inside = |other: &Item| other.within(&self.outline).contains(&section);
        !item.fields.is_empty() || !self.items.get(next).is_some_and(inside)
    }
}

fn too_deep(entry: Span) -> SyntaxError {
    let message = format!("lists are nested more than {} levels deep", nodes::DEPTH);
    SyntaxError::new(
        SyntaxErrorKind::Oversized,
        Span::at(entry.start),
        message,
        "reduce the nesting, or add the file to `documents.exclude` in phx.toml",
    )
}

/// Returns the error for a comment that resembles a marker but does not follow the marker grammar.
fn malformed(marker: &Marker) -> Option<SyntaxError> {
    let correct = marker.correct.as_ref()?;
    let message = "comment resembles a marker, but is not a valid marker";
    let mut syntax_error =
        SyntaxError::new(SyntaxErrorKind::Malformed, marker.span, message, format!("write `{correct}`"));
    syntax_error.replacement = Some(correct.clone());
    Some(syntax_error)
}

/// Adds an error for each Git conflict outside AUTO blocks. If there is one, all other syntax errors except encoding
/// errors are removed, because they may be consequences of the conflict.
fn conflicts(text: &str, nodes: &[MarkdownNode], bodies: &[Span], syntax_errors: &mut Vec<SyntaxError>) {
    let mut conflicts: Vec<Span> = conflict::find(text, nodes).into_iter().map(|conflict| conflict.span).collect();
    conflicts.retain(|conflict| !bodies.iter().any(|body| body.covers(*conflict)));
    if conflicts.is_empty() {
        return;
    }
    syntax_errors.retain(|syntax_error| syntax_error.kind == SyntaxErrorKind::Encoding);
    let help = "resolve the conflict and remove its conflict markers";
    syntax_errors.extend(
        conflicts
            .iter()
            .map(|span| SyntaxError::new(SyntaxErrorKind::Conflict, *span, "unresolved Git conflict", help)),
    );
}

fn encoding_errors(decoded: &Decoded) -> Vec<SyntaxError> {
    let mut syntax_errors = Vec::new();
    for at in &decoded.invalid {
        syntax_errors.push(SyntaxError::new(
            SyntaxErrorKind::Encoding,
            Span::new(*at, at + 1),
            format!("byte at offset {at} is not valid UTF-8"),
            "save the file as UTF-8",
        ));
    }
    if let Some(at) = decoded.nul {
        syntax_errors.push(SyntaxError::new(
            SyntaxErrorKind::Encoding,
            Span::new(at, at + 1),
            format!("NUL byte at offset {at}"),
            "remove the NUL byte",
        ));
    }
    syntax_errors
}

fn bound_blocks(markers: &mut Vec<Marker>, syntax_errors: &mut Vec<SyntaxError>) {
    let opens = |marker: &&Marker| !matches!(marker.kind, MarkerKind::Living | MarkerKind::End { .. });
    let Some(excess) = markers.iter().filter(opens).nth(blocks::BLOCKS) else {
        return;
    };
    syntax_errors.push(SyntaxError::new(
        SyntaxErrorKind::Oversized,
        excess.span,
        format!("document has more than {} blocks", blocks::BLOCKS),
        "split the document",
    ));
    markers.clear();
}

/// Removes the nodes and top-level list entries inside the given spans, which must be in order.
fn remove_inside(nodes: &mut Vec<MarkdownNode>, spans: &[Span]) {
    let inside = |span: Span| {
        let index = spans.partition_point(|auto| auto.end <= span.start);
        spans.get(index).is_some_and(|auto| auto.start <= span.start)
    };
    if spans.is_empty() {
        return;
    }
    nodes.retain_mut(|node| {
        if let MarkdownNodeKind::List(items) = &mut node.kind {
            items.retain(|item| !inside(item.span));
        }
        !inside(node.span)
    });
}
