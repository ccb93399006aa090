//! `<!-- phx-ignore RULE[ until=DATE]: reason -->` and what it covers: the next block of text.

use chrono::{DateTime, NaiveDate, Utc};

use super::{Context, find};
use crate::document::nodes::NodeKind;
use crate::document::{Document, Marker, MarkerKind};
use crate::finding::Finding;
use crate::text::Span;

/// The suppressions of one document.
#[derive(Debug)]
pub struct Suppressions<'a> {
    all: Vec<Suppression<'a>>,
}

#[derive(Debug)]
struct Suppression<'a> {
    marker: &'a Marker,
    rule: &'a str,
    until: Option<&'a str>,
    reason: &'a str,
    covered: Span,
    hits: usize,
}

/// A suppression, and whether it was of use.
#[derive(Debug)]
pub struct Use<'a> {
    /// The document.
    pub context: &'a Context<'a>,
    /// Where the suppression stands.
    pub span: Span,
    /// The rule that it names; it need not be one.
    pub rule: &'a str,
    /// The date behind `until=`, as written.
    pub until: Option<&'a str>,
    /// Why.
    pub reason: &'a str,
    /// Whether its date has passed.
    pub expired: bool,
    /// How many findings it suppressed.
    pub hits: usize,
    /// Whether the rule that it names is switched off, so that it could not be of use.
    pub idle: bool,
}

/// The date behind `until=`.
pub fn date(until: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(until, "%Y-%m-%d").ok()
}

/// Whether a date has passed: the whole of that day, in UTC, still counts.
fn has_passed(until: Option<&str>, now: DateTime<Utc>) -> bool {
    until.and_then(date).is_some_and(|date| now.date_naive() > date)
}

impl<'a> Suppressions<'a> {
    /// Finds the suppressions of a document.
    pub fn read(document: &'a Document) -> Self {
        let all = document.markers.iter().filter_map(|marker| {
            let MarkerKind::Ignore { rule, until, reason } = &marker.kind else {
                return None;
            };
            Some(Suppression {
                marker,
                rule,
                until: until.as_deref(),
                reason,
                covered: covered(document, marker),
                hits: 0,
            })
        });
        Self { all: all.collect() }
    }

    /// Whether a finding is suppressed; the suppression is marked as used.
    pub fn covers(&mut self, finding: &Finding, now: DateTime<Utc>) -> bool {
        let at = finding.range.bytes.start;
        let covering = self
            .all
            .iter_mut()
            .find(|each| each.rule == finding.rule && each.covered.contains(at) && !has_passed(each.until, now));
        covering.map(|each| each.hits += 1).is_some()
    }

    /// What the suppressions were good for.
    pub fn uses<'b>(&'b self, context: &'b Context<'b>, is_off: &dyn Fn(&str) -> bool) -> Vec<Use<'b>> {
        let uses = self.all.iter().map(|each| Use {
            context,
            span: each.marker.span,
            rule: each.rule,
            until: each.until,
            reason: each.reason,
            expired: has_passed(each.until, context.now),
            hits: each.hits,
            idle: find(each.rule).is_some() && is_off(each.rule),
        });
        uses.collect()
    }
}

/// The next block of text behind a marker: an AUTO block whole, a MANUAL marker, or what Markdown calls a block.
fn covered(document: &Document, marker: &Marker) -> Span {
    let from = marker.line.end;
    let index = document.nodes.partition_point(|node| node.span.start < from);
    let node = document.nodes[index..]
        .iter()
        .find(|node| !(matches!(node.kind, NodeKind::Html) && is_comment(document, node.span)))
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
