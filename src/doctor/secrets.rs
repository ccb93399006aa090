//! Secrets: they come from the environment alone, and no result shows them.

use std::cell::RefCell;
use std::collections::BTreeSet;

use base64::Engine;

use crate::system::environment;

/// What stands for a secret in a result.
const MASK: &str = "[redacted]";
/// Shorter values are not masked: they would be found everywhere.
const SHORTEST: usize = 4;

/// So much of a secret is masked, too, where a text was cut.
const START: usize = 6;

/// The secrets of a run, as they are met.
#[derive(Debug, Default)]
pub struct Secrets {
    values: RefCell<Vec<String>>,
    names: RefCell<BTreeSet<String>>,
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
            self.names.borrow_mut().insert(name.to_owned());
            out.push_str(before);
            out.push_str(&value);
            rest = behind;
        }
        Ok(out + rest)
    }

    /// The names of the variables that were asked for, in order.
    pub fn names(&self) -> Vec<String> {
        self.names.borrow().iter().cloned().collect()
    }

    /// Keeps a value from being shown.
    pub fn keep(&self, value: &str) {
        let mut values = self.values.borrow_mut();
        // As it may come back: encoded for a URL, decoded from one, for HTTP, for a person, for JSON, and line by line.
        let encoded = url::form_urlencoded::byte_serialize(value.as_bytes()).collect::<String>();
        let decoded = percent_encoding::percent_decode_str(value).decode_utf8_lossy().into_owned();
        let json = serde_json::Value::from(value).to_string().trim_matches('"').to_owned();
        let base64 = base64::engine::general_purpose::STANDARD_NO_PAD.encode(value);
        let forms = [value.to_owned(), encoded, decoded, json, base64, value.escape_debug().to_string()];
        let lines = value.lines().map(str::to_owned);
        for form in forms.into_iter().chain(lines) {
            if form.len() >= SHORTEST && !values.contains(&form) {
                values.push(form);
            }
        }
        // A secret inside another one must not break it up.
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
    }

    /// A text without secrets.
    pub fn redact(&self, text: &str) -> String {
        let whole = self.values.borrow().iter().fold(text.to_owned(), |text, value| text.replace(value.as_str(), MASK));
        self.values.borrow().iter().fold(whole, |text, value| without_start(text, value))
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

/// A text without the start of a secret where the text was cut: at its end, or before what ends a quotation.
fn without_start(text: String, secret: &str) -> String {
    let starts = secret.char_indices().map(|(at, _)| at).filter(|at| *at >= START).rev();
    for at in starts {
        let start = &secret[..at];
        for end in ["", "`", "…", "\"", "\\"] {
            let cut = format!("{start}{end}");
            if end.is_empty() && text.ends_with(&cut) {
                return format!("{}{MASK}", &text[..text.len() - cut.len()]);
            }
            if !end.is_empty() && text.contains(&cut) {
                return text.replace(&cut, &format!("{MASK}{end}"));
            }
        }
    }
    text
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
    fn a_secret_that_was_escaped_encoded_or_cut_is_masked() {
        let secrets = Secrets::default();
        secrets.keep("tok\"quo\nted%2Fvalue");
        let said = |text: &str| secrets.redact(text);
        assert_eq!(said(r#"it said `tok\"quo\nted%2Fvalue`"#), "it said `[redacted]`");
        assert_eq!(said("tok\"quo\nted/value"), "[redacted]");
        assert_eq!(said("Basic dG9rInF1bwp0ZWQlMkZ2YWx1ZQ=="), "Basic [redacted]==");
        assert_eq!(said(r#"`HTTP/1.1 403 tok\"quo`"#), "`HTTP/1.1 403 [redacted]`");
    }

    #[test]
    fn a_variable_that_is_not_set_is_named() {
        let why = Secrets::default().expand("a ${PHX_NO_SUCH_VARIABLE} b").unwrap_err();
        assert!(why.contains("PHX_NO_SUCH_VARIABLE"), "{why}");
        assert_eq!(Secrets::default().expand("a $b ${c").unwrap(), "a $b ${c");
    }
}
