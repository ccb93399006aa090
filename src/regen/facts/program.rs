//! What the binary says of itself, made when a template asks for it.

use std::sync::{Arc, OnceLock};

use minijinja::Value;
use minijinja::value::Object;
use serde_json::Value as Json;

use super::super::values;

#[derive(Debug)]
struct ProgramValue {
    make: fn() -> Json,
    made: OnceLock<Value>,
}

/// The fact `phx`, a mapping.
pub fn value(make: fn() -> Json) -> Value {
    Value::from_object(ProgramValue { make, made: OnceLock::new() })
}

impl Object for ProgramValue {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let made = self.made.get_or_init(|| values::of_json(&(self.make)()));
        made.get_item(key).ok().filter(|value| !value.is_undefined())
    }
}
