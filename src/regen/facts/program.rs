//! Fact `phx`: facts about the binary, computed on first access.

use std::sync::{Arc, OnceLock};

use minijinja::Value;
use minijinja::value::Object;
use serde_json::Value as Json;

use super::super::values;

#[derive(Debug)]
struct ProgramValue {
    compute: fn() -> Json,
    computed: OnceLock<Value>,
}

/// Creates the fact `phx`, a mapping.
pub fn value(compute: fn() -> Json) -> Value {
    Value::from_object(ProgramValue { compute, computed: OnceLock::new() })
}

impl Object for ProgramValue {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let computed = self.computed.get_or_init(|| values::of_json(&(self.compute)()));
        computed.get_item(key).ok().filter(|value| !value.is_undefined())
    }
}
