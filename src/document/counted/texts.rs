//! Texts in counted sections, apart from headings and tables: reports elements that look like items but are not.

use super::Walk;
use crate::document::nodes::{ListItem, MarkdownNodeKind};
use crate::document::shape::ValueType;
use crate::document::vocabulary::Vocabulary;
use crate::document::{fields, inline, segments, steps};
use crate::text::{Span, lines};

impl Walk<'_, '_, '_> {
    /// Reports elements in the own text of a group that look like items but have no heading of their own.
    pub(super) fn own_text(&mut self, index: usize) {
        let has_items = self.with_items[index];
        let mut within = self.section(index).within.clone();
        within.push(index);
        let reading = &self.readings[index];
        let noun = self.source.shape.noun.clone();
        if let Some(label) = reading.first_known
            && (!has_items || reading.repeats)
        {
            let message = format!("fields without a heading of their own are not read as a {noun}");
            self.problem(label, within.clone(), message);
            return;
        }
        let mut found: Vec<(Span, String)> = Vec::new();
        for node in self.own(index) {
            match &node.kind {
                MarkdownNodeKind::List(entries) => self.entries(entries, has_items, &mut found),
                MarkdownNodeKind::Paragraph => self.paragraph(node.span, has_items, &mut found),
                MarkdownNodeKind::Quote | MarkdownNodeKind::Html => self.hidden_headings(node.span, &mut found),
                _ => {}
            }
        }
        for (span, element) in found {
            let message = format!("{element} looks like a {noun}, but has no readable field");
            self.problem(span, within.clone(), message);
        }
    }

    fn entries(&self, entries: &[ListItem], has_items: bool, found: &mut Vec<(Span, String)>) {
        for entry in entries {
            if !has_items || entry.done.is_some() || self.is_estimated(entry.span) || self.has_status(entry.span) {
                let first = lines::of(self.source.text, entry.span).next().unwrap_or(entry.span);
                found.push((first.trimmed(self.source.text), "list entry".to_owned()));
            }
        }
    }

    /// Returns `true` if a text contains an estimate with a unit of the kind, such as `(5 points)`.
    fn is_estimated(&self, span: Span) -> bool {
        let text = span.slice(self.source.text);
        let units = self.source.shape.fields.iter().filter_map(|field| match &field.value {
            ValueType::Number(number) => Some(number),
            _ => None,
        });
        units.into_iter().any(|number| !matches!(steps::estimate(text, number), steps::Estimate::None))
    }

    /// Returns `true` if a text contains a word of a vocabulary as a remark, such as `Login (Planned)` and
    /// `Login — Done`.
    fn has_status(&self, span: Span) -> bool {
        const MARKS: &[char] = &['(', ')', '[', ']', '–', '—', ':', '|', '\n'];
        let text = inline::plain(span.slice(self.source.text)).replace(" - ", "|");
        let mut remarks = text.split(MARKS).map(str::trim).filter(|part| !part.is_empty());
        remarks.next();
        let words: Vec<&Vocabulary> = self
            .source
            .shape
            .fields
            .iter()
            .filter_map(|field| match &field.value {
                ValueType::Word(vocabulary) => Some(vocabulary),
                _ => None,
            })
            .collect();
        remarks.any(|remark| words.iter().any(|vocabulary| vocabulary.find(remark).is_some()))
    }

    /// Finds lines that start in bold and are not fields, because authors use such lines as headings.
    fn paragraph(&self, span: Span, has_items: bool, found: &mut Vec<(Span, String)>) {
        let text = self.source.text;
        for line in segments::segments(text, span) {
            let line = line.trimmed(text);
            let bold = line.slice(text).starts_with("**") || line.slice(text).starts_with("__");
            if bold
                && fields::of_line(text, line, self.source.shape).is_empty()
                && (!has_items || self.is_estimated(line) || self.has_status(line))
            {
                found.push((line, "bold line".to_owned()));
            }
        }
    }

    /// Finds headings in quotes and in HTML, which are not headings of the document.
    fn hidden_headings(&self, span: Span, found: &mut Vec<(Span, String)>) {
        let text = self.source.text;
        if span.slice(text).starts_with("<!--") {
            return;
        }
        for line in lines::of(text, span) {
            let content = segments::bare_line(text, line).content;
            let words = content.slice(text);
            if words.starts_with('#') && words.trim_start_matches('#').starts_with(' ') {
                found.push((content, "heading in a quote or in HTML".to_owned()));
            }
        }
    }
}
