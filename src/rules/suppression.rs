//! Suppressions and the findings that they cover.

use chrono::{DateTime, Utc};

use super::{Context, find};
use crate::document::Document;
use crate::document::suppression::{self, Suppression};
use crate::finding::Finding;
use crate::text::Span;

pub use crate::document::suppression::date;

/// The suppressions of one document, each with the number of findings it suppressed.
#[derive(Debug)]
pub struct Suppressions<'a> {
    all: Vec<(Suppression<'a>, usize)>,
}

/// A suppression, and whether it was of use.
#[derive(Debug)]
pub struct Use<'a> {
    /// The document.
    pub context: &'a Context<'a>,
    /// Span of its marker.
    pub span: Span,
    /// The rule that it names; it need not exist.
    pub rule: &'a str,
    /// The date after `until=`, as written.
    pub until: Option<&'a str>,
    /// The reason.
    pub reason: &'a str,
    /// Whether its date has passed.
    pub expired: bool,
    /// Number of findings that it suppressed.
    pub hits: usize,
    /// Whether the rule that it names is off, so that it could not be of use.
    pub idle: bool,
}

impl<'a> Suppressions<'a> {
    /// Reads the suppressions of a document.
    pub fn read(document: &'a Document) -> Self {
        Self { all: suppression::read(document).into_iter().map(|suppression| (suppression, 0)).collect() }
    }

    /// Whether a finding is suppressed; counts it.
    pub fn covers(&mut self, finding: &Finding, now: DateTime<Utc>) -> bool {
        let at = finding.range.bytes.start;
        let covering = self.all.iter_mut().find(|(each, _)| each.covers(finding.rule, at) && !each.has_passed(now));
        covering.map(|(_, hits)| *hits += 1).is_some()
    }

    /// The uses of the suppressions.
    pub fn uses<'b>(&'b self, context: &'b Context<'b>, is_off: &dyn Fn(&str) -> bool) -> Vec<Use<'b>> {
        let uses = self.all.iter().map(|(each, hits)| Use {
            context,
            span: each.span,
            rule: each.rule,
            until: each.until,
            reason: each.reason,
            expired: each.has_passed(context.now),
            hits: *hits,
            idle: find(each.rule).is_some() && is_off(each.rule),
        });
        uses.collect()
    }
}
