//! Shape of a kind: the sections, blocks, items and fields that its schema declares.

use std::collections::HashMap;

use super::vocabulary::{Vocabulary, normalize};
use crate::text::slug;

/// Declarations of a kind that the parser needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// Name of the kind, such as `upcoming-features`.
    pub kind: String,
    /// Name of an item in messages, such as `feature`.
    pub noun: String,
    /// Names of its sections; required ones come first.
    pub sections: Vec<String>,
    /// Names of its AUTO blocks.
    pub blocks: Vec<String>,
    /// Pairs of ids of names for the same block, or for the same label within a block.
    pub aliases: Vec<(String, String)>,
    /// Patterns of the counted sections, whose items are included in totals: an id, or a prefix followed by `*`; a
    /// pattern after `!` excludes.
    pub counted: Vec<String>,
    /// Declared fields of its items.
    pub fields: Vec<FieldType>,
    /// Field and rank of each known label, by slug of the label.
    labels: HashMap<String, KnownLabel>,
}

/// Field that a kind declares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldType {
    /// Id in the model, such as `acceptance_criteria`.
    pub id: String,
    /// Label in messages, such as `Acceptance Criteria`.
    pub label: String,
    /// Other labels, most specific first.
    pub aliases: Vec<String>,
    pub required: bool,
    pub value: ValueType,
}

/// Type of the values of a field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ValueType {
    /// Any text or list.
    #[default]
    Text,
    /// Title of an item, as a column of an item table.
    Title,
    /// Number with an optional unit.
    Number(NumberType),
    /// Percentage from 0 to 100.
    Percent,
    /// Word of a vocabulary.
    Word(Vocabulary),
    /// List of steps, each with an estimate in its text, or a word of the vocabulary that means that there are none.
    Steps(NumberType, Vocabulary),
}

/// Numbers with optional units.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NumberType {
    /// Accepted units, in lower case.
    pub units: Vec<String>,
}

/// Field that a known label belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownLabel {
    /// Index in [`Shape::fields`].
    pub field: usize,
    /// 0 for the id and label of the field, then 1, 2, … for its aliases.
    pub rank: usize,
}

/// Maximum length of a label that is looked up, in bytes.
const MAX_LABEL_LENGTH: usize = 48;

impl Shape {
    /// Sets the declared fields and indexes their labels. If several fields have the same label, the first one gets it.
    pub fn set_fields(&mut self, fields: Vec<FieldType>) {
        self.fields = fields;
        self.index_labels();
    }

    /// Adds aliases and vocabulary words of a configuration. `words` contains the field, the word and its synonyms.
    ///
    /// # Errors
    /// Returns the name of the field if a word is added to a field without a vocabulary.
    pub fn extend(&mut self, aliases: &[(String, String)], words: &[(&str, &str, &[String])]) -> Result<(), String> {
        for (name, other) in aliases {
            // Either side may be the name that the kind declares.
            let field = self.field_of(name).map(|known| (known.field, other));
            let field = field.or_else(|| self.field_of(other).map(|known| (known.field, name)));
            if let Some((field, alias)) = field {
                self.fields[field].aliases.push(alias.clone());
            }
            self.aliases.push((slug(name), slug(other)));
        }
        for (field, word, synonyms) in words {
            let known = self.field_of(field).map(|known| known.field);
            match known.map(|known| &mut self.fields[known].value) {
                Some(ValueType::Word(vocabulary) | ValueType::Steps(_, vocabulary)) => vocabulary.add(word, synonyms),
                _ => return Err((*field).to_owned()),
            }
        }
        self.index_labels();
        Ok(())
    }

    fn index_labels(&mut self) {
        let Self { fields, labels, .. } = self;
        labels.clear();
        for (index, field) in fields.iter_mut().enumerate() {
            let all = [&field.id, &field.label].into_iter().chain(&field.aliases);
            for (rank, label) in all.enumerate() {
                labels.entry(slug(label)).or_insert(KnownLabel { field: index, rank: rank.saturating_sub(1) });
            }
            // An alias of a field is also a unit: a team that writes `Punkte: 8` also writes `8 Punkte`.
            if let ValueType::Number(number) | ValueType::Steps(number, _) = &mut field.value {
                for alias in &field.aliases {
                    let unit = normalize(alias);
                    if !number.units.contains(&unit) {
                        number.units.push(unit);
                    }
                }
            }
        }
    }

    /// Returns the field that a label belongs to.
    pub fn field_of(&self, label: &str) -> Option<KnownLabel> {
        if self.labels.is_empty() || label.len() > MAX_LABEL_LENGTH {
            return None;
        }
        let id = slug(label);
        self.labels.get(id.as_str()).copied()
    }

    /// Returns the ids of the fields that have a vocabulary.
    pub fn vocabularies(&self) -> impl Iterator<Item = &str> {
        let has_one = |field: &&FieldType| matches!(field.value, ValueType::Word(_) | ValueType::Steps(..));
        self.fields.iter().filter(has_one).map(|field| field.id.as_str())
    }

    /// Returns the type of a field by its id. A repeated field (`points_2`) has the type of the first one.
    pub fn field_type(&self, id: &str) -> Option<&FieldType> {
        let exact = self.fields.iter().find(|field| field.id == id);
        exact.or_else(|| {
            let (stem, number) = id.rsplit_once('_')?;
            number.parse::<usize>().ok()?;
            self.fields.iter().find(|field| field.id == stem)
        })
    }

    /// Returns `true` if a section with one of these names is a counted section.
    pub fn counts(&self, names: &[&str]) -> bool {
        let matched = |pattern: &str| names.iter().any(|name| matches(name, pattern));
        let included = self.counted.iter().any(|pattern| !pattern.starts_with('!') && matched(pattern));
        included && !self.counted.iter().any(|pattern| pattern.strip_prefix('!').is_some_and(matched))
    }
}

/// Returns `true` if a name matches a pattern. A `*` at the end of the pattern matches any text.
pub fn matches(name: &str, pattern: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape() -> Shape {
        let mut shape = Shape { counted: vec!["group_*".into(), "!group_summary".into()], ..Shape::default() };
        let points = FieldType {
            id: "points".into(),
            label: "Points".into(),
            aliases: vec!["Story Points".into()],
            value: ValueType::Number(NumberType::default()),
            ..FieldType::default()
        };
        let status = FieldType {
            id: "status".into(),
            label: "Status".into(),
            value: ValueType::Word(Vocabulary::new(&[("Done", &["Finished"])])),
            ..FieldType::default()
        };
        shape.set_fields(vec![points, status]);
        shape
    }

    #[test]
    fn finds_labels_by_slug_and_adds_configured_labels() {
        let mut shape = shape();
        assert_eq!(shape.field_of("story points"), Some(KnownLabel { field: 0, rank: 1 }));
        assert_eq!(shape.field_of("Punkte"), None);
        shape.extend(&[("points".into(), "Punkte".into())], &[]).unwrap();
        assert_eq!(shape.field_of("Punkte"), Some(KnownLabel { field: 0, rank: 2 }));
        let synonyms = ["Fertig".to_owned()];
        shape.extend(&[], &[("Status", "Done", &synonyms)]).unwrap();
        assert_eq!(shape.extend(&[], &[("points", "Done", &synonyms)]), Err("points".to_owned()));
        assert_eq!(shape.field_type("points_2").unwrap().id, "points");
    }

    #[test]
    fn does_not_count_excluded_sections() {
        let shape = shape();
        assert!(shape.counts(&["group_harbor"]));
        assert!(!shape.counts(&["group_summary"]));
        assert!(!shape.counts(&["other"]));
    }
}
