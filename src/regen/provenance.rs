//! Provenance of the values in a body: the facts and items that they were computed from.

use super::access_log::FactInput;
use crate::document::{Document, Item};

/// Provenance of the values of one block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provenance {
    /// Sources of individual values, by label.
    pub sources: Vec<(String, String)>,
    /// Items that other numbers were computed from.
    pub inputs: Vec<FactInput>,
}

impl Provenance {
    /// Returns the source of the value of a label, such as `10 items in priority_1, priority_2`; `None` if the source
    /// is unknown or the value is not a number.
    pub fn of(&self, label: &str, value: &str) -> Option<String> {
        if let Some((_, source)) = self.sources.iter().find(|(known, _)| known == label) {
            return Some(source.clone());
        }
        let is_number = value.trim_start_matches(['*', '`']).starts_with(|c: char| c.is_ascii_digit());
        if is_number { self.of_lines() } else { None }
    }

    /// Returns the items that values were computed from: number and title, and line.
    pub fn items(&self, document: &Document) -> Vec<(String, usize)> {
        let items = self.inputs.iter().flat_map(|input| &input.items).filter_map(|index| document.items.get(*index));
        let item = |item: &Item| {
            let title = item.title(&document.outline);
            let number = title.number.map_or_else(String::new, |number| format!("{number}. "));
            (format!("{number}{}", title.text), document.line(item.span(&document.outline).start))
        };
        items.map(item).collect()
    }

    /// Returns the source of values without a label, such as rows of a table.
    pub fn of_lines(&self) -> Option<String> {
        let all: Vec<&str> = self.inputs.iter().map(|input| input.summary.as_str()).collect();
        (!all.is_empty()).then(|| all.join("; "))
    }
}
