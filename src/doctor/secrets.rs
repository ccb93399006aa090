//! Secrets: they come from the environment alone, and no result shows them.

use std::cell::RefCell;

use crate::system::environment;

/// What stands for a secret in a result.
const MASK: &str = "[redacted]";
/// Shorter values are not masked: they would be found everywhere.
const SHORTEST: usize = 4;

/// The secrets of a run, as they are met.
#[derive(Debug, Default)]
pub struct Secrets {
    values: RefCell<Vec<String>>,
}

impl Secrets {
    /// A text with the values of its `${NAME}`s.
    ///
    /// # Errors
    /// The name that is not set.
    pub fn expand(&self, text: &str) -> Result<String, String> {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let Some((name, behind)) = after.split_once('}') else { break };
            let value = environment::given(name)
                .ok_or_else(|| format!("the variable {name} is not set, and the configuration asks for it"))?;
            self.keep(&value);
            out.push_str(before);
            out.push_str(&value);
            rest = behind;
        }
        Ok(out + rest)
    }

    /// Keeps a value from being shown.
    pub fn keep(&self, value: &str) {
        let mut values = self.values.borrow_mut();
        let encoded = url::form_urlencoded::byte_serialize(value.as_bytes()).collect::<String>();
        for form in [value.to_owned(), encoded] {
            if form.len() >= SHORTEST && !values.contains(&form) {
                values.push(form);
            }
        }
        // A secret inside another one must not break it up.
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
    }

    /// A text without secrets.
    pub fn redact(&self, text: &str) -> String {
        self.values.borrow().iter().fold(text.to_owned(), |text, value| text.replace(value.as_str(), MASK))
    }

    /// A JSON value without secrets, names included.
    pub fn redact_json(&self, value: &serde_json::Value) -> serde_json::Value {
        use serde_json::Value;
        match value {
            Value::String(text) => Value::String(self.redact(text)),
            Value::Array(items) => items.iter().map(|item| self.redact_json(item)).collect(),
            Value::Object(map) => map.iter().map(|(key, value)| (self.redact(key), self.redact_json(value))).collect(),
            other => other.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_wherever_they_stand_and_however_they_are_encoded() {
        let secrets = Secrets::default();
        secrets.keep("p@ss word");
        secrets.keep("p@ss word and more");
        assert_eq!(secrets.redact("a p@ss word, p%40ss+word"), "a [redacted], [redacted]");
        assert_eq!(secrets.redact("p@ss word and more"), "[redacted]");
        assert_eq!(
            secrets.redact_json(&serde_json::json!({"p@ss word": ["p@ss word"]})),
            serde_json::json!({"[redacted]": ["[redacted]"]})
        );
    }

    #[test]
    fn a_variable_that_is_not_set_is_named() {
        let why = Secrets::default().expand("a ${PHX_NO_SUCH_VARIABLE} b").unwrap_err();
        assert!(why.contains("PHX_NO_SUCH_VARIABLE"), "{why}");
        assert_eq!(Secrets::default().expand("a $b ${c").unwrap(), "a $b ${c");
    }
}
