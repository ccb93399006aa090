//! Read problems: parts of a document that prevent the computation of a value.
//!
//! A computed number must be based on all of its inputs. Therefore an item without readable fields, a value that is not
//! one number and a status outside the vocabulary are problems. Templates record which of them a rendering depends on.

use std::sync::Arc;

use super::items::{Field, FieldValue, Item};
use super::quantity::{self, Quantity};
use super::shape::{FieldType, NumberType, ValueType};
use super::{Document, steps};
use crate::text::Span;

/// Kind of a read problem; each is reported by one rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// A heading, entry or row looks like an item, but has no readable field.
    UnreadItem,
    /// A numeric field has a value that is not exactly one number.
    UnreadableValue,
    /// A value is not in the vocabulary of its field.
    UnknownStatus,
    /// An item has no value for a required field; reported by the schema.
    MissingValue,
}

impl ProblemKind {
    /// Returns the slug of the rule that reports it.
    pub fn rule(self) -> &'static str {
        match self {
            Self::UnreadItem => "unread-item",
            Self::UnreadableValue => "unreadable-value",
            Self::UnknownStatus => "unknown-status",
            Self::MissingValue => "schema-violation",
        }
    }
}

#[derive(Clone, Debug)]
pub struct ReadProblem {
    pub kind: ProblemKind,
    pub span: Span,
    pub message: String,
    pub help: String,
    /// Indices of the sections that contain it, outermost first.
    pub within: Vec<usize>,
    /// Index of the item; `None` if the problem is not part of an item.
    pub item: Option<usize>,
    pub field: Option<Arc<str>>,
}

/// Returns the problems in the field values of counted items.
pub(super) fn values(document: &Document) -> Vec<ReadProblem> {
    let mut problems = Vec::new();
    let counted = document.items.iter().enumerate().filter(|(_, item)| item.counted);
    for (index, item) in counted {
        let reader = ItemReader { document, item, index };
        for field in &item.fields {
            if let Some(known) = document.shape.field_type(&field.id) {
                problems.extend(reader.value(field, known));
                problems.extend(reader.repeated(field, known));
            } else if let Some(known) = document.shape.field_of(document.slice(field.label)) {
                // A less specific label next to a more specific one of the same field: `Points` next to `Story Points`.
                problems.extend(reader.repeated(field, &document.shape.fields[known.field]));
            }
        }
        for known in &document.shape.fields {
            if let ValueType::Steps(number, _) = &known.value {
                problems.extend(reader.outside_fields(known, number));
            }
        }
        let required = document.shape.fields.iter().filter(|field| field.required);
        let computed = required.filter(|field| !matches!(field.value, ValueType::Text | ValueType::Title));
        problems.extend(computed.filter_map(|field| reader.missing(field)));
    }
    problems
}

struct ItemReader<'a> {
    document: &'a Document,
    item: &'a Item,
    index: usize,
}

impl ItemReader<'_> {
    fn problem(&self, kind: ProblemKind, span: Span, field: &str, message: String, help: String) -> ReadProblem {
        let within = self.item.within(&self.document.outline);
        ReadProblem { kind, span, message, help, within, item: Some(self.index), field: Some(field.into()) }
    }

    fn unreadable(&self, span: Span, known: &FieldType, reason: &str) -> ReadProblem {
        let written = self.document.slice(span).trim();
        let label = &known.label;
        let message = format!("`{written}` {reason}, so no value is computed from this `{label}`");
        let form = match known.value {
            ValueType::Percent => "write one percentage, such as `85%`",
            _ => "write one number, such as `5`",
        };
        self.problem(
            ProblemKind::UnreadableValue,
            span,
            &known.id,
            message,
            format!("{form}, or `N/A` if there is none"),
        )
    }

    fn value(&self, field: &Field, known: &FieldType) -> Vec<ReadProblem> {
        let text = match field.value {
            FieldValue::Text(span) => Some(span),
            _ => None,
        };
        match (&known.value, text) {
            (ValueType::Number(_) | ValueType::Percent, Some(span)) => {
                let quantity = quantity::of_type(self.document.slice(span), &known.value);
                match quantity {
                    Some(Quantity::Unreadable(reason)) => vec![self.unreadable(span, known, reason)],
                    _ => Vec::new(),
                }
            }
            (ValueType::Number(_) | ValueType::Percent, None) => {
                vec![self.unreadable(field.label, known, "is followed by a list, which is not a number")]
            }
            (ValueType::Word(vocabulary), Some(span)) => {
                let written = self.document.slice(span);
                if vocabulary.find(written).is_some() {
                    return Vec::new();
                }
                let names: Vec<String> = vocabulary.names().map(|name| format!("`{name}`")).collect();
                let message = format!("unknown {} `{}`", known.label.to_lowercase(), written.trim());
                let help = format!(
                    "write one of {}, or add the word to `vocabulary` of the kind in phx.toml",
                    names.join(", ")
                );
                vec![self.problem(ProblemKind::UnknownStatus, span, &known.id, message, help)]
            }
            (ValueType::Steps(number, _), _) => {
                let effort = steps::effort(self.document, &field.value, number);
                effort.unreadable.into_iter().map(|(span, reason)| self.unreadable(span, known, reason)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Returns a problem if a field has a second, different value under another label.
    fn repeated(&self, field: &Field, known: &FieldType) -> Option<ReadProblem> {
        let is_computed = !matches!(known.value, ValueType::Text | ValueType::Title | ValueType::Steps(..));
        if *field.id == *known.id || !is_computed {
            return None;
        }
        let first = self.item.field(&known.id)?;
        let (FieldValue::Text(first), FieldValue::Text(second)) = (&first.value, &field.value) else { return None };
        let (first, written) = (self.document.slice(*first).trim(), self.document.slice(*second).trim());
        let message = format!("`{}` has two values: `{first}` and `{written}`", known.label);
        let help = "remove one of them".to_owned();
        (first != written).then(|| self.problem(ProblemKind::UnreadableValue, *second, &known.id, message, help))
    }

    /// Reports estimates outside the steps field, which the sum of the steps would not include.
    fn outside_fields(&self, known: &FieldType, number: &NumberType) -> Vec<ReadProblem> {
        if self.item.field(&known.id).is_none() {
            return Vec::new();
        }
        let lines = steps::outside_fields(self.document, self.item, number);
        let problem = |line: Span| {
            let label = &known.label;
            let written = self.document.slice(line);
            let message =
                format!("`{written}` has an estimate that is not part of `{label}`, so no value is computed from it");
            let help = format!("move it to an entry of the `{label}` list");
            self.problem(ProblemKind::UnreadableValue, line, &known.id, message, help)
        };
        lines.into_iter().map(problem).collect()
    }

    fn missing(&self, known: &FieldType) -> Option<ReadProblem> {
        if self.item.field(&known.id).is_some() {
            return None;
        }
        let outline = &self.document.outline;
        let title = &self.item.title(outline).text;
        let message = format!("{} `{title}` has no `{}`", self.document.shape.noun, known.label);
        let help = format!("add `**{}**: …` under its heading", known.label);
        Some(self.problem(ProblemKind::MissingValue, self.item.span(outline), &known.id, message, help))
    }
}
