//! Shape of a kind: the sections, blocks, items and fields that its documents have, as its schema declares them.

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
    /// Names of its sections, required ones first.
    pub sections: Vec<String>,
    /// Names of its AUTO blocks.
    pub blocks: Vec<String>,
    /// Pairs of ids of names that mean the same block, or the same label within a block.
    pub aliases: Vec<(String, String)>,
    /// Patterns of the sections whose items count: an id, or the start of one before `*`; `!` excludes.
    pub counted: Vec<String>,
    /// Known fields of its items.
    pub fields: Vec<FieldType>,
    /// Field and rank of each known label, by the label's slug.
    labels: HashMap<String, KnownLabel>,
}

/// A field that a kind knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldType {
    /// Its id in the model, such as `acceptance_criteria`.
    pub id: String,
    /// Its label in messages, such as `Acceptance Criteria`.
    pub label: String,
    /// Other labels, the most specific first.
    pub aliases: Vec<String>,
    /// Whether an item must have it.
    pub required: bool,
    /// The type of its values.
    pub value: ValueType,
}

/// Type of the values of a field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ValueType {
    /// Any text or list.
    #[default]
    Text,
    /// The title of an item, as a column of a table of items.
    Title,
    /// A number with an optional unit.
    Number(NumberType),
    /// A percentage from 0 to 100.
    Percent,
    /// A word of a vocabulary.
    Word(Vocabulary),
    /// A list of steps, each with a number in its text; or words that there are none.
    Steps(NumberType, Vocabulary),
}

/// Numbers of a field: what may follow the digits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NumberType {
    /// Accepted units in lower case.
    pub units: Vec<String>,
}

/// Field of a known label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownLabel {
    /// Index in [`Shape::fields`].
    pub field: usize,
    /// 0 for the label of the field itself, then one number for each alias.
    pub rank: usize,
}

/// Longest label that is looked up, in bytes.
const LONGEST_LABEL: usize = 48;

impl Shape {
    /// Sets the known fields and indexes their labels. The first field that has a label keeps it.
    pub fn set_fields(&mut self, fields: Vec<FieldType>) {
        self.fields = fields;
        self.index_labels();
    }

    /// Adds labels of a configuration, and words: each the field, the word of its vocabulary and the synonyms.
    ///
    /// # Errors
    /// The name of a field without a vocabulary.
    pub fn extend(&mut self, aliases: &[(String, String)], words: &[(&str, &str, &[String])]) -> Result<(), String> {
        for (name, other) in aliases {
            // Either side may be the name that the kind knows.
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
            // A team that writes `Punkte: 8` also writes `8 Punkte`.
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

    /// The known field of a label.
    pub fn field_of(&self, label: &str) -> Option<KnownLabel> {
        if self.labels.is_empty() || label.len() > LONGEST_LABEL {
            return None;
        }
        let id = slug(label);
        self.labels.get(id.as_str()).copied()
    }

    /// The ids of the fields that have a vocabulary.
    pub fn vocabularies(&self) -> impl Iterator<Item = &str> {
        let has_one = |field: &&FieldType| matches!(field.value, ValueType::Word(_) | ValueType::Steps(..));
        self.fields.iter().filter(has_one).map(|field| field.id.as_str())
    }

    /// The type of a field, by the field's id. A repeated field (`points_2`) has the type of the first.
    pub fn field_type(&self, id: &str) -> Option<&FieldType> {
        let exact = self.fields.iter().find(|field| field.id == id);
        exact.or_else(|| {
            let (stem, number) = id.rsplit_once('_')?;
            number.parse::<usize>().ok()?;
            self.fields.iter().find(|field| field.id == stem)
        })
    }

    /// Whether the items of a section with one of these names count.
    pub fn counts(&self, names: &[&str]) -> bool {
        let matched = |pattern: &str| names.iter().any(|name| matches(name, pattern));
        let included = self.counted.iter().any(|pattern| !pattern.starts_with('!') && matched(pattern));
        included && !self.counted.iter().any(|pattern| pattern.strip_prefix('!').is_some_and(matched))
    }
}

/// Whether a name matches a pattern, where a `*` at the end stands for the rest.
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
    fn labels_are_found_by_their_slugs_and_the_configuration_adds_more() {
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
    fn excluded_sections_do_not_count() {
        let shape = shape();
        assert!(shape.counts(&["group_harbor"]));
        assert!(!shape.counts(&["group_summary"]));
        assert!(!shape.counts(&["other"]));
    }
}
