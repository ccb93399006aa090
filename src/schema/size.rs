//! Size of a schema with all references expanded. Each schema is compiled and evaluated once per reference to it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::catalog::SchemaStore;

/// Maximum number of values of an expanded schema. The largest embedded schema has a few thousand.
pub(super) const LARGEST: u64 = 200_000;

/// Returns the number of values of the schema at a URI, counted once per reference. A recursive reference is expanded
/// once.
pub(super) fn expanded(store: &SchemaStore, uri: &str) -> u64 {
    let mut known = BTreeMap::new();
    reference(store, uri, "#", &mut known)
}

fn reference(store: &SchemaStore, base: &str, to: &str, known: &mut BTreeMap<(String, String), u64>) -> u64 {
    let Some((uri, pointer, schema)) = resolve(store, base, to) else { return 1 };
    let key = (uri.clone(), pointer);
    if let Some(size) = known.get(&key) {
        return *size;
    }
    // Counts as one value while it is expanded, so that recursion ends.
    known.insert(key.clone(), 1);
    let size = of(store, &uri, schema, known);
    known.insert(key, size);
    size
}

fn of(store: &SchemaStore, uri: &str, value: &Value, known: &mut BTreeMap<(String, String), u64>) -> u64 {
    let mut size = 1_u64;
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                // Definitions are counted at their references.
                if key == "$defs" || key == "definitions" {
                    continue;
                }
                size = size.saturating_add(match value.as_str().filter(|_| key == "$ref") {
                    Some(to) => reference(store, uri, to, known),
                    None => of(store, uri, value, known),
                });
            }
        }
        Value::Array(list) => {
            for value in list {
                size = size.saturating_add(of(store, uri, value, known));
            }
        }
        _ => {}
    }
    size
}

/// Resolves a reference. Returns the URI of its file, the JSON pointer and the schema.
pub(super) fn resolve<'s>(store: &'s SchemaStore, base: &str, reference: &str) -> Option<(String, String, &'s Value)> {
    let (file, pointer) = reference.split_once('#').unwrap_or((reference, ""));
    let uri = match file {
        "" => base.to_owned(),
        _ if file.contains(":/") => file.to_owned(),
        _ => format!("{}{file}", &base[..=base.rfind('/')?]),
    };
    let schema = store.get(&uri)?.pointer(pointer)?;
    Some((uri, pointer.to_owned(), schema))
}
