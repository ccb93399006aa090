//! Verifies that edits changed only what they were meant to change: compares the parsed documents before and after.

use crate::corpus::reviews;
use crate::document::nodes::{ListItem, MarkdownNode, MarkdownNodeKind};
use crate::document::{Document, Marker, MarkerKind, SyntaxError};
use crate::text::edit::Moves;
use crate::text::{Edits, Node, Span};

/// Compares a document before and after edits that may change only AUTO bodies and checksums.
///
/// # Errors
/// Returns an error that names the first difference outside AUTO bodies and checksums.
pub fn bodies(before: &Document, after: &Document, edits: &Edits) -> Result<(), String> {
    let moves = edits.moves();
    bytes(before, after, edits)?;
    let inside = |span: Span| {
        let at = before.blocks.partition_point(|block| block.opener.start <= span.start);
        let block = at.checked_sub(1).map(|at| &before.blocks[at]);
        block.is_some_and(|block| {
            let allowed = block.body.covers(span) || block.closer == Some(span);
            block.mode == crate::document::BlockMode::Auto && allowed
        })
    };
    if let Some(edit) = edits.iter().find(|edit| !inside(edit.span)) {
        return Err(format!("the edit at byte {} is outside AUTO blocks", edit.span.start));
    }
    same("front matter", before.front.as_ref().map(Plain), after.front.as_ref().map(Plain))?;
    same("number of markers", before.markers.len(), after.markers.len())?;
    let markers = before.markers.iter().zip(&after.markers);
    for (old, new) in markers {
        let at = moves.of(old.span.start) == new.span.start || matches!(old.kind, MarkerKind::End { .. });
        if !at || !is_equal_except_checksum(old, new) {
            return Err(format!("the marker on line {} differs", before.line(old.span.start)));
        }
    }
    same("number of syntax errors", before.syntax_errors.len(), after.syntax_errors.len())?;
    nodes(before, after, &moves)?;
    names(before, after)
}

/// Compares a document before and after edits that fix findings. They must not add a syntax error or change the
/// sections, the number of items, or the governance block (except the lists of declared names).
///
/// # Errors
/// Returns an error that names the first difference that is not allowed.
pub fn fixes(before: &Document, after: &Document, edits: &Edits) -> Result<(), String> {
    bytes(before, after, edits)?;
    let moves = edits.moves();
    if let Some(syntax_error) =
        after.syntax_errors.iter().find(|syntax_error| !has_syntax_error(&before.syntax_errors, syntax_error, &moves))
    {
        return Err(format!("the edits add a syntax error: {}", syntax_error.message));
    }
    let sections = |document: &Document| -> Vec<(String, u8)> {
        document.outline.sections.iter().map(|section| (section.id.clone(), section.level)).collect()
    };
    same("sections", sections(before), sections(after))?;
    same("number of items", before.items.len(), after.items.len())?;
    let keys = |document: &Document| -> Vec<String> {
        let entries = document.governance.tree.as_ref().map(Node::entries).unwrap_or_default();
        let compared =
            entries.iter().filter(|entry| !matches!(entry.key.as_ref(), "auto_sections" | "manual_sections"));
        compared.map(|entry| format!("{}: {}", entry.key, entry.value.to_json())).collect()
    };
    same("governance block", keys(before), keys(after))
}

/// Compares a document before and after edits that stamp it. Only the stamp and the dates in MANUAL markers may differ.
///
/// # Errors
/// Returns an error that names the first other difference.
pub fn stamps(before: &Document, after: &Document, edits: &Edits) -> Result<(), String> {
    bytes(before, after, edits)?;
    same("number of syntax errors", before.syntax_errors.len(), after.syntax_errors.len())?;
    same("number of markers", before.markers.len(), after.markers.len())?;
    same("text", reviews::text_hash(before), reviews::text_hash(after))?;
    let bodies = |document: &Document| -> Vec<String> {
        document
            .blocks_of(crate::document::BlockMode::Auto)
            .map(|block| document.slice(block.body).to_owned())
            .collect()
    };
    same("list of AUTO bodies", bodies(before), bodies(after))?;
    let keys = |document: &Document| -> Vec<String> {
        let entries = document.governance.tree.as_ref().map(Node::entries).unwrap_or_default();
        let compared = entries.iter().filter(|entry| !reviews::STAMP.contains(&entry.key.as_ref()));
        compared.map(|entry| format!("{}: {}", entry.key, entry.value.to_json())).collect()
    };
    same("governance block", keys(before), keys(after))?;
    names(before, after)
}

/// Returns whether a syntax error existed before the edits, at the corresponding location.
fn has_syntax_error(syntax_errors: &[SyntaxError], syntax_error: &SyntaxError, moves: &Moves) -> bool {
    syntax_errors
        .iter()
        .any(|known| known.kind == syntax_error.kind && moves.of(known.span.start) == syntax_error.span.start)
}

/// Verifies that the bytes outside the edits are unchanged.
fn bytes(before: &Document, after: &Document, edits: &Edits) -> Result<(), String> {
    if edits.apply(&before.text) == after.text { Ok(()) } else { Err("bytes outside the edits differ".to_owned()) }
}

#[allow(clippy::needless_pass_by_value)] // callers pass temporary values
fn same<T: PartialEq>(what: &str, before: T, after: T) -> Result<(), String> {
    if before == after { Ok(()) } else { Err(format!("the {what} differs")) }
}

/// Node that is compared without spans.
struct Plain<'a>(&'a Node<'a>);

impl PartialEq for Plain<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_json() == other.0.to_json()
    }
}

/// Returns whether two markers are equal except for checksums.
fn is_equal_except_checksum(old: &Marker, new: &Marker) -> bool {
    match (&old.kind, &new.kind) {
        (MarkerKind::End { name: old, .. }, MarkerKind::End { name: new, .. }) => old == new,
        (old, new) => old == new,
    }
}

/// Verifies that the Markdown outside AUTO blocks is parsed as before.
fn nodes(before: &Document, after: &Document, moves: &Moves) -> Result<(), String> {
    same("number of Markdown blocks", before.nodes.len(), after.nodes.len())?;
    let shifted = |span: Span| Span::new(moves.of(span.start), moves.of(span.end));
    for (old, new) in before.nodes.iter().zip(&after.nodes) {
        // An HTML block may contain an AUTO block; its markers and text are compared separately.
        let is_at_location = shifted(old.span) == new.span || matches!(old.kind, MarkdownNodeKind::Html);
        if !is_at_location || !same_node(old, new, &shifted) {
            return Err(format!("the text on line {} differs", before.line(old.span.start)));
        }
    }
    Ok(())
}

fn same_node(old: &MarkdownNode, new: &MarkdownNode, moved: &dyn Fn(Span) -> Span) -> bool {
    match (&old.kind, &new.kind) {
        (
            MarkdownNodeKind::Heading { level, title },
            MarkdownNodeKind::Heading { level: new_level, title: new_title },
        ) => level == new_level && title == new_title,
        (MarkdownNodeKind::List(old), MarkdownNodeKind::List(new)) => same_items(old, new, moved),
        (MarkdownNodeKind::Table(old), MarkdownNodeKind::Table(new)) => {
            let rows = |grid: &crate::document::nodes::Grid| grid.rows.iter().map(Vec::len).collect::<Vec<_>>();
            old.header.len() == new.header.len() && rows(old) == rows(new)
        }
        (
            MarkdownNodeKind::Code { language, code },
            MarkdownNodeKind::Code { language: new_language, code: new_code },
        ) => language == new_language && code == new_code,
        (old, new) => std::mem::discriminant(old) == std::mem::discriminant(new),
    }
}

fn same_items(old: &[ListItem], new: &[ListItem], moved: &dyn Fn(Span) -> Span) -> bool {
    old.len() == new.len()
        && old.iter().zip(new).all(|(old, new)| {
            moved(old.span) == new.span && old.done == new.done && same_items(&old.children, &new.children, moved)
        })
}

/// Verifies that blocks, sections and items have the same names as before.
fn names(before: &Document, after: &Document) -> Result<(), String> {
    let blocks = |document: &Document| -> Vec<(String, bool, Option<usize>)> {
        document.blocks.iter().map(|block| (block.name.clone(), block.declared, block.section)).collect()
    };
    same("list of blocks", blocks(before), blocks(after))?;
    let sections = |document: &Document| -> Vec<(String, String, Vec<usize>)> {
        let sections = document.outline.sections.iter();
        sections.map(|section| (section.id.clone(), section.canonical.clone(), section.within.clone())).collect()
    };
    same("list of sections", sections(before), sections(after))?;
    let items = |document: &Document| -> Vec<(String, Vec<String>)> {
        let ids = |item: &crate::document::Item| item.fields.iter().map(|field| field.id.to_string()).collect();
        document.items.iter().map(|item| (item.id(&document.outline).to_owned(), ids(item))).collect()
    };
    same("list of items", items(before), items(after))
}
