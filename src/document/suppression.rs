//! Suppressions of a document, `<!-- phx-ignore RULE[ until=DATE]: reason -->`. Each covers the next block of text.

use chrono::{DateTime, NaiveDate, Utc};

use super::nodes::MarkdownNodeKind;
use super::{Document, Marker, MarkerKind};
use crate::text::Span;

#[derive(Clone, Copy, Debug)]
pub struct Suppression<'a> {
    /// Span of the marker.
    pub span: Span,
    /// Named rule; may be unknown.
    pub rule: &'a str,
    /// Text after `until=`; not validated.
    pub until: Option<&'a str>,
    /// Reason; empty if none is given.
    pub reason: &'a str,
    /// Span in which findings are suppressed.
    pub covered: Span,
}

/// Parses the date after `until=`.
pub fn date(until: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(until, "%Y-%m-%d").ok()
}

impl Suppression<'_> {
    /// Returns `true` if the suppression has expired. It is valid until the end of its date in UTC.
    pub fn has_passed(&self, now: DateTime<Utc>) -> bool {
        self.until.and_then(date).is_some_and(|date| now.date_naive() > date)
    }

    /// Returns `true` if it covers a finding of a rule at a byte offset.
    pub fn covers(&self, rule: &str, at: usize) -> bool {
        self.rule == rule && self.covered.contains(at)
    }
}

/// Returns the suppressions of a document, in order.
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

/// Returns the span of the next block of text after a marker: an AUTO block with its markers, a MANUAL marker, or a
/// Markdown block.
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
