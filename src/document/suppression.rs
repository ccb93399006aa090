//! Suppressions of a document, `<!-- phx-ignore RULE[ until=DATE]: reason -->`, and what each covers: the next block of
//! text.

use chrono::{DateTime, NaiveDate, Utc};

use super::nodes::MarkdownNodeKind;
use super::{Document, Marker, MarkerKind};
use crate::text::Span;

/// A suppression.
#[derive(Clone, Copy, Debug)]
pub struct Suppression<'a> {
    /// Span of its marker.
    pub span: Span,
    /// The rule that it names; it need not exist.
    pub rule: &'a str,
    /// The date after `until=`, as written.
    pub until: Option<&'a str>,
    /// The reason; empty if none is given.
    pub reason: &'a str,
    /// What it covers.
    pub covered: Span,
}

/// The date after `until=`.
pub fn date(until: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(until, "%Y-%m-%d").ok()
}

impl Suppression<'_> {
    /// Whether its date has passed: all of that day, in UTC, still counts.
    pub fn has_passed(&self, now: DateTime<Utc>) -> bool {
        self.until.and_then(date).is_some_and(|date| now.date_naive() > date)
    }

    /// Whether it covers a finding of a rule at a byte.
    pub fn covers(&self, rule: &str, at: usize) -> bool {
        self.rule == rule && self.covered.contains(at)
    }
}

/// The suppressions of a document, in order.
pub fn read(document: &Document) -> Vec<Suppression<'_>> {
    let all = document.markers.iter().filter_map(|marker| {
        let MarkerKind::Ignore { rule, until, reason } = &marker.kind else {
            return None;
        };
        let covered = covered(document, marker);
        Some(Suppression { span: marker.span, rule, until: until.as_deref(), reason, covered })
    });
    all.collect()
}

/// The next block of text after a marker: an AUTO block with its markers, a MANUAL marker, or a block of Markdown.
fn covered(document: &Document, marker: &Marker) -> Span {
    let from = marker.line.end;
    let index = document.nodes.partition_point(|node| node.span.start < from);
    let node = document.nodes[index..]
        .iter()
        .find(|node| !(matches!(node.kind, MarkdownNodeKind::Html) && is_comment(document, node.span)))
        .map(|node| node.span);
    let index = document.blocks.partition_point(|block| block.opener.start < from);
    let block = document.blocks.get(index).map(|block| {
        let end = block.closer.map_or(block.opener.end, |closer| closer.end);
        Span::new(block.opener.start, end)
    });
    let next = match (node, block) {
        (Some(node), Some(block)) if block.start <= node.start => block,
        (Some(node), _) => node,
        (None, Some(block)) => block,
        (None, None) => Span::at(from),
    };
    Span::new(from, next.end)
}

fn is_comment(document: &Document, span: Span) -> bool {
    let text = document.slice(span);
    text.starts_with("<!--") && text.ends_with("-->")
}
