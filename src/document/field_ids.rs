//! Field ids: maps labels to the fields that the kind declares.

use std::sync::Arc;

use super::items::{Field, FieldValue};
use super::outline::Ids;
use super::shape::{KnownLabel, Shape, ValueType};
use crate::text::{Span, slug};

/// Fields and lists in the own text of a section.
#[derive(Debug, Default)]
pub(super) struct FieldReading {
    /// Fields in order.
    pub(super) fields: Vec<Field>,
    /// Node indices of lists that are not the value of a field.
    pub(super) lists: Vec<usize>,
    /// Number of distinct fields that the kind declares, without titles.
    pub(super) known: usize,
    /// Number of these that are required.
    pub(super) required: usize,
    /// Whether a declared field occurs more than once.
    pub(super) repeats: bool,
    /// Span of the first label of a declared field.
    pub(super) first_known: Option<Span>,
    /// Whether the text starts with a field that has a bold label.
    pub(super) starts_with_field: bool,
}

/// Field without an id.
pub(super) struct RawField {
    pub(super) label: Span,
    pub(super) value: FieldValue,
}

/// Cache of label ids. Most items of a document have the same few labels.
pub(super) struct Labels<'s> {
    shape: &'s Shape,
    seen: Vec<(String, Arc<str>, Option<KnownLabel>)>,
}

impl<'s> Labels<'s> {
    /// Maximum number of cached labels.
    const CAPACITY: usize = 32;

    pub(super) fn new(shape: &'s Shape) -> Self {
        Self { shape, seen: Vec::new() }
    }

    /// Returns `true` if a label belongs to a declared field.
    pub(super) fn is_known(&mut self, label: &str) -> bool {
        self.find(label).1.is_some()
    }

    /// Returns the slug of a label, and the declared field that it belongs to.
    fn find(&mut self, label: &str) -> (Arc<str>, Option<KnownLabel>) {
        if let Some((_, id, known)) = self.seen.iter().find(|(seen, ..)| seen == label) {
            return (Arc::clone(id), *known);
        }
        let id = slug(label);
        let id: Arc<str> = if id.is_empty() { "section".into() } else { id.into() };
        let known = self.shape.field_of(label);
        if self.seen.len() < Self::CAPACITY {
            self.seen.push((label.to_owned(), Arc::clone(&id), known));
        }
        (id, known)
    }
}

/// Assigns ids to fields. If several labels belong to the same declared field, the most specific one gets its id.
pub(super) fn finish(text: &str, raw: Vec<RawField>, lists: Vec<usize>, labels: &mut Labels<'_>) -> FieldReading {
    if raw.is_empty() {
        return FieldReading { lists, ..FieldReading::default() };
    }
    let shape = labels.shape;
    let found: Vec<(Arc<str>, Option<KnownLabel>)> =
        raw.iter().map(|field| labels.find(field.label.slice(text))).collect();
    let mut best: Vec<Option<usize>> = vec![None; shape.fields.len()];
    for known in found.iter().filter_map(|(_, known)| *known) {
        let rank = &mut best[known.field];
        *rank = Some(rank.map_or(known.rank, |rank| rank.min(known.rank)));
    }
    let mut reading = FieldReading { lists, ..FieldReading::default() };
    let mut ids = FieldIds::default();
    let mut counts = vec![0_usize; shape.fields.len()];
    for (raw, (id, known)) in raw.into_iter().zip(found) {
        let known = known.filter(|known| best[known.field] == Some(known.rank));
        let id = match known {
            None => id,
            Some(known) => {
                let field = &shape.fields[known.field];
                counts[known.field] += 1;
                if field.value != ValueType::Title {
                    reading.first_known = reading.first_known.or(Some(raw.label));
                    reading.repeats |= counts[known.field] > 1;
                    if counts[known.field] == 1 {
                        reading.known += 1;
                        reading.required += usize::from(field.required);
                    }
                }
                if *field.id == *id { id } else { field.id.as_str().into() }
            }
        };
        let id = ids.unique(id, &reading.fields);
        reading.fields.push(Field { id, label: raw.label, value: raw.value });
    }
    reading
}

/// Generator of unique field ids within one item.
#[derive(Default)]
struct FieldIds {
    /// Generator that is used after the first repeated id, or if there are many fields.
    ids: Option<Ids>,
}

impl FieldIds {
    fn unique(&mut self, id: Arc<str>, fields: &[Field]) -> Arc<str> {
        const FEW: usize = 24;
        if self.ids.is_none() {
            if fields.len() < FEW && fields.iter().all(|field| field.id != id) {
                return id;
            }
            let mut ids = Ids::default();
            for field in fields {
                ids.unique(field.id.to_string());
            }
            self.ids = Some(ids);
        }
        self.ids.as_mut().map_or(Arc::clone(&id), |ids| ids.unique(id.to_string()).into())
    }
}
