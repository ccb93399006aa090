//! One Markdown file, taken apart: front matter, markers, sections, items. Pure and total: parsing never
//! fails, it returns its faults beside the document.

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

/// How long a document may be, in bytes.
pub const SIZE: usize = 16 * 1024 * 1024;

/// A document and what is wrong with its syntax.
#[derive(Clone, Debug)]
pub struct Document {
    /// Its path from the root, with `/`.
    pub path: String,
    /// Its text; byte offsets are those of the file.
    pub text: String,
    /// Its lines.
    pub lines: Lines,
    /// How the repository writes its front matter.
    pub dialect: Arc<Dialect>,
    /// What its kind says of it.
    pub shape: Arc<Shape>,
    /// Where its front matter stands.
    pub region: Option<Region>,
    /// The front matter's mapping, if it can be read.
    pub front: Option<Node<'static>>,
    /// The governance block.
    pub governance: Governance,
    /// Its markers in order.
    pub markers: Vec<Marker>,
    /// Its blocks in order.
    pub blocks: Vec<Block>,
    /// Its title and sections.
    pub outline: Outline,
    /// Its items in order.
    pub items: Vec<Item>,
    /// Its tables in order, AUTO blocks left out.
    pub tables: Vec<ItemTable>,
    /// What stands at the top level of its body, AUTO blocks left out.
    pub nodes: Vec<MarkdownNode>,
    /// For each name in `manual_sections` that met no block: the section without a marker that it meets.
    pub unmarked: Vec<(usize, usize)>,
    /// What is wrong with its syntax, in order.
    pub syntax_errors: Vec<SyntaxError>,
    /// Problems that keep a value from being computed, in order.
    pub problems: Vec<ReadProblem>,
}

impl Document {
    /// Parses a document. `shape` gives what a kind says of its documents; it is asked with the kind that the
    /// front matter names, if it names one.
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
        leave_out(&mut parsed.nodes, &bodies);
        let outline = Outline::read(&text, &parsed.nodes, text.len());
        syntax_errors.extend(blocks::swallowed(&lines, &outline, &inner));
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

    /// The problems of reading that no suppression with a reason covers, by index. Without a time, no suppression has
    /// expired.
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

    /// Whether its front matter is there and could be read.
    pub fn has_governance(&self) -> bool {
        self.governance.tree.is_some()
    }

    /// The text at a span.
    pub fn slice(&self, span: Span) -> &str {
        span.slice(&self.text)
    }

    /// The line of a byte, from 1.
    pub fn line(&self, byte: usize) -> usize {
        self.lines.line(byte)
    }

    /// The blocks of a mode.
    pub fn blocks_of(&self, mode: BlockMode) -> impl Iterator<Item = &Block> {
        self.blocks.iter().filter(move |block| block.mode == mode)
    }

    /// The innermost item around a section.
    pub fn item_around(&self, section: Option<usize>) -> Option<&Item> {
        let section = section?;
        let within = &self.outline.sections[section].within;
        let mut chain = std::iter::once(section).chain(within.iter().rev().copied());
        chain.find_map(|index| self.item_of(index))
    }

    /// The item that a section is.
    fn item_of(&self, section: usize) -> Option<&Item> {
        let start = self.outline.sections[section].heading.start;
        let at = self.items.binary_search_by_key(&start, |item| item.span(&self.outline).start).ok()?;
        Some(&self.items[at]).filter(|item| item.section() == Some(section))
    }

    /// Whether an item is not a part of another one: it counts, or no other item with fields is around it and it is not a
    /// heading without fields over other items.
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
        "nest the list less deep, or add the file to `documents.exclude` in phx.toml",
    )
}

/// The error of a comment that only resembles a marker.
fn malformed(marker: &Marker) -> Option<SyntaxError> {
    let correct = marker.correct.as_ref()?;
    let message = "this comment resembles a marker and is not one";
    let mut syntax_error =
        SyntaxError::new(SyntaxErrorKind::Malformed, marker.span, message, format!("write `{correct}`"));
    syntax_error.replacement = Some(correct.clone());
    Some(syntax_error)
}

/// What git left in conflict outside AUTO blocks. What else seems wrong with the syntax may follow from it, and is not told.
fn conflicts(text: &str, nodes: &[MarkdownNode], bodies: &[Span], syntax_errors: &mut Vec<SyntaxError>) {
    let mut conflicts: Vec<Span> = conflict::find(text, nodes).into_iter().map(|conflict| conflict.span).collect();
    conflicts.retain(|conflict| !bodies.iter().any(|body| body.covers(*conflict)));
    if conflicts.is_empty() {
        return;
    }
    syntax_errors.retain(|syntax_error| syntax_error.kind == SyntaxErrorKind::Encoding);
    let help = "keep what is true of both sides";
    syntax_errors.extend(
        conflicts
            .iter()
            .map(|span| SyntaxError::new(SyntaxErrorKind::Conflict, *span, "git left a conflict here", help)),
    );
}

fn encoding_errors(decoded: &Decoded) -> Vec<SyntaxError> {
    let mut syntax_errors = Vec::new();
    for at in &decoded.invalid {
        syntax_errors.push(SyntaxError::new(
            SyntaxErrorKind::Encoding,
            Span::new(*at, at + 1),
            format!("the byte at offset {at} is not UTF-8"),
            "save the file as UTF-8",
        ));
    }
    if let Some(at) = decoded.nul {
        syntax_errors.push(SyntaxError::new(
            SyntaxErrorKind::Encoding,
            Span::new(at, at + 1),
            format!("a NUL byte at offset {at}"),
            "take it out; no Markdown holds one",
        ));
    }
    syntax_errors
}

fn bound_blocks(markers: &mut Vec<Marker>, syntax_errors: &mut Vec<SyntaxError>) {
    let opens = |marker: &&Marker| !matches!(marker.kind, MarkerKind::Living | MarkerKind::End { .. });
    let Some(past) = markers.iter().filter(opens).nth(blocks::BLOCKS) else {
        return;
    };
    syntax_errors.push(SyntaxError::new(
        SyntaxErrorKind::Oversized,
        past.span,
        format!("more than {} blocks in one document", blocks::BLOCKS),
        "split the document",
    ));
    markers.clear();
}

/// Takes out what stands inside the given spans, which are in order.
fn leave_out(nodes: &mut Vec<MarkdownNode>, spans: &[Span]) {
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
