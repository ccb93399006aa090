//! Declarations of a kind: `x-kind` in its schema.

use std::sync::Arc;

use serde_json::Value;

use crate::document::Shape;
use crate::document::shape::{FieldType, NumberType, ValueType};
use crate::document::vocabulary::{Vocabulary, normalize};
use crate::text::slug;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Name, such as `upcoming-features`.
    pub name: String,
    /// File name of its documents, such as `UPCOMING_FEATURES.md`.
    pub file: Option<String>,
    /// Default window, such as `14d`.
    pub window: String,
    /// Declared sections, blocks, items and fields.
    pub shape: Arc<Shape>,
}

impl Kind {
    /// Reads `x-kind` from a schema. Missing declarations get defaults, the same as for a kind without a schema.
    pub fn read(name: &str, schema: &Value) -> Self {
        let declared = &schema["x-kind"];
        let text = |key: &str| declared[key].as_str();
        let mut shape = Shape::default();
        name.clone_into(&mut shape.kind);
        text("noun").unwrap_or("item").clone_into(&mut shape.noun);
        shape.sections = strings(&declared["sections"]);
        shape.blocks = strings(&declared["blocks"]);
        shape.aliases = aliases(&declared["aliases"]);
        shape.counted = strings(&declared["items"]);
        shape.set_fields(match declared["fields"].as_object() {
            Some(fields) => fields.iter().map(|(id, field)| field_type(id, field)).collect(),
            None => required_fields(schema),
        });
        Self {
            name: name.to_owned(),
            file: text("file").map(str::to_owned),
            window: text("window").unwrap_or("7d").to_owned(),
            shape: Arc::new(shape),
        }
    }
}

fn strings(list: &Value) -> Vec<String> {
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Parses pairs of a name and one of its aliases: `{ "a": "b", "c": ["d", "e"] }`.
fn aliases(map: &Value) -> Vec<(String, String)> {
    let entries = map.as_object().into_iter().flatten();
    let pairs = entries.flat_map(|(name, others)| {
        let one = others.as_str().map(str::to_owned).into_iter();
        one.chain(strings(others)).map(|other| (slug(name), slug(&other)))
    });
    pairs.collect()
}

/// Parses `{ "label": "Points", "aliases": ["SP"], "required": true, "type": "number", "units": ["pts"] }`.
fn field_type(id: &str, field: &Value) -> FieldType {
    let number = || NumberType { units: strings(&field["units"]).iter().map(|unit| normalize(unit)).collect() };
    let value = match field["type"].as_str() {
        Some("number") => ValueType::Number(number()),
        Some("percent") => ValueType::Percent,
        Some("steps") => ValueType::Steps(number(), vocabulary(&field["vocabulary"])),
        Some("title") => ValueType::Title,
        _ if field["vocabulary"].is_object() => ValueType::Word(vocabulary(&field["vocabulary"])),
        _ => ValueType::Text,
    };
    FieldType {
        id: id.to_owned(),
        label: field["label"].as_str().map_or_else(|| super::describe::label(id), str::to_owned),
        aliases: strings(&field["aliases"]),
        required: field["required"].as_bool().unwrap_or(false),
        value,
    }
}

/// Parses `{ "Done": ["Complete", "Finished"] }`.
fn vocabulary(words: &Value) -> Vocabulary {
    let mut vocabulary = Vocabulary::default();
    for (word, synonyms) in words.as_object().into_iter().flatten() {
        vocabulary.add(word, &strings(synonyms));
    }
    vocabulary
}

/// Returns the fields of items for a schema without `fields` in `x-kind`: the names in `required` and `properties` of
/// each subschema `fields`.
fn required_fields(schema: &Value) -> Vec<FieldType> {
    let mut names: Vec<String> = Vec::new();
    let mut open = vec![schema];
    while let Some(value) = open.pop() {
        match value {
            Value::Object(entries) => {
                if let Some(fields) = entries.get("fields") {
                    let properties =
                        fields["properties"].as_object().into_iter().flatten().map(|(name, _)| name.clone());
                    for name in strings(&fields["required"]).into_iter().chain(properties) {
                        if !names.contains(&name) {
                            names.push(name);
                        }
                    }
                }
                open.extend(entries.values());
            }
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    names.iter().map(|name| field_type(name, &Value::Null)).collect()
}
