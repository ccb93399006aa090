//! Suppressions of a document and the findings that they cover.

use chrono::{DateTime, Utc};

use super::{Context, find};
use crate::document::Document;
use crate::document::suppression::{self, Suppression};
use crate::finding::Finding;
use crate::text::Span;

pub use crate::document::suppression::date;

/// Suppressions of one document, each with the number of findings that it suppressed.
#[derive(Debug)]
pub struct Suppressions<'a> {
    all: Vec<(Suppression<'a>, usize)>,
}

/// Suppression and its usage, as input of rules.
#[derive(Debug)]
pub struct Use<'a> {
    pub context: &'a Context<'a>,
    /// Span of its marker.
    pub span: Span,
    /// Slug of the suppressed rule, as written; may be unknown or empty.
    pub rule: &'a str,
    /// Date after `until=`, as written.
    pub until: Option<&'a str>,
    /// Reason; empty if there is none.
    pub reason: &'a str,
    /// Whether its date has passed.
    pub expired: bool,
    /// Number of findings that it suppressed.
    pub hits: usize,
    /// Whether the suppressed rule is off, so that the suppression cannot have an effect.
    pub idle: bool,
}

impl<'a> Suppressions<'a> {
    /// Parses the suppressions of a document.
    pub fn read(document: &'a Document) -> Self {
        Self { all: suppression::read(document).into_iter().map(|suppression| (suppression, 0)).collect() }
    }

    /// Returns true if a finding is suppressed, and counts it.
    pub fn covers(&mut self, finding: &Finding, now: DateTime<Utc>) -> bool {
        let at = finding.range.bytes.start;
        let covering = self.all.iter_mut().find(|(each, _)| each.covers(finding.rule, at) && !each.has_passed(now));
        covering.map(|(_, hits)| *hits += 1).is_some()
    }

    /// Returns the usage of each suppression.
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
