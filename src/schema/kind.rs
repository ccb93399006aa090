//! What a schema says of its kind, in `x-kind`.

use std::sync::Arc;

use serde_json::Value;

use crate::document::Shape;

/// A kind of document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Its name, as `upcoming-features`.
    pub name: String,
    /// The file name that makes a document of this kind, as `UPCOMING_FEATURES.md`.
    pub file: Option<String>,
    /// How long an update lasts, as `14d`, where nothing else says so.
    pub window: String,
    /// What documents of this kind look like.
    pub shape: Arc<Shape>,
}

impl Kind {
    /// Reads `x-kind` of a schema. What it does not say is that of a kind without a schema.
    pub fn read(name: &str, schema: &Value) -> Self {
        let says = &schema["x-kind"];
        let text = |key: &str| says[key].as_str();
        let names = |key: &str| -> Vec<String> {
            let list = says[key].as_array().map(Vec::as_slice).unwrap_or_default();
            list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let aliases = says["aliases"].as_object().into_iter().flatten();
        let aliases = aliases.filter_map(|(name, other)| Some((name.clone(), other.as_str()?.to_owned())));
        Self {
            name: name.to_owned(),
            file: text("file").map(str::to_owned),
            window: text("window").unwrap_or("7d").to_owned(),
            shape: Arc::new(Shape {
                kind: name.to_owned(),
                noun: text("noun").unwrap_or("item").to_owned(),
                sections: names("sections"),
                blocks: names("blocks"),
                aliases: aliases.collect(),
            }),
        }
    }
}
