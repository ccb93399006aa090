//! Secrets from environment variables: expansion of `${NAME}` in the configuration, and redaction in results.

use std::cell::RefCell;
use std::collections::BTreeSet;

use base64::Engine;

use crate::system::environment;

/// Replacement for a secret in a result.
const MASK: &str = "[redacted]";
/// Minimum length of a redacted value, in bytes; shorter values would match unrelated text.
const MIN_LENGTH: usize = 4;

/// Minimum length, in bytes, of the start of a secret that is redacted at a truncation.
const MIN_START: usize = 6;

/// Secrets of a run, collected while the configuration is expanded.
#[derive(Debug, Default)]
pub struct Secrets {
    values: RefCell<Vec<String>>,
    names: RefCell<BTreeSet<String>>,
}

impl Secrets {
    /// Replaces each `${NAME}` with the environment variable of that name, and registers the value for redaction.
    ///
    /// # Errors
    /// Returns an error if a variable is not set.
    pub fn expand(&self, text: &str) -> Result<String, String> {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let Some((name, tail)) = after.split_once('}') else { break };
            let value = environment::raw_variable(name)
                .ok_or_else(|| format!("environment variable `{name}` is not set, but the configuration uses it"))?;
            self.register(&value);
            self.names.borrow_mut().insert(name.to_owned());
            out.push_str(before);
            out.push_str(&value);
            rest = tail;
        }
        Ok(out + rest)
    }

    /// Returns the names of the expanded variables, sorted.
    pub fn names(&self) -> Vec<String> {
        self.names.borrow().iter().cloned().collect()
    }

    /// Registers a value for redaction, in all forms in which a target may return it.
    pub fn register(&self, value: &str) {
        let mut values = self.values.borrow_mut();
        // Forms: URL-encoded, URL-decoded, JSON, base64 (HTTP Basic), debug-escaped, and each line separately.
        let encoded = url::form_urlencoded::byte_serialize(value.as_bytes()).collect::<String>();
        let decoded = percent_encoding::percent_decode_str(value).decode_utf8_lossy().into_owned();
        let json = serde_json::Value::from(value).to_string().trim_matches('"').to_owned();
        let base64 = base64::engine::general_purpose::STANDARD_NO_PAD.encode(value);
        let forms = [value.to_owned(), encoded, decoded, json, base64, value.escape_debug().to_string()];
        let lines = value.lines().map(str::to_owned);
        for form in forms.into_iter().chain(lines) {
            if form.len() >= MIN_LENGTH && !values.contains(&form) {
                values.push(form);
            }
        }
        // Longest first, so that a secret that contains another one is replaced as a whole.
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
    }

    /// Replaces all secrets in a text, including the start of a secret at a truncation.
    pub fn redact(&self, text: &str) -> String {
        let redacted =
            self.values.borrow().iter().fold(text.to_owned(), |text, value| text.replace(value.as_str(), MASK));
        self.values.borrow().iter().fold(redacted, |text, value| redact_truncated(text, value))
    }

    /// Replaces all secrets in a JSON value, including its keys.
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

/// Replaces the start of a secret where a text was truncated: at its end, or before a closing quote, an ellipsis or a
/// backslash.
fn redact_truncated(text: String, secret: &str) -> String {
    let starts = secret.char_indices().map(|(at, _)| at).filter(|at| *at >= MIN_START).rev();
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
    fn redacts_secrets_in_every_encoding() {
        let secrets = Secrets::default();
        secrets.register("p@ss word");
        secrets.register("p@ss word and more");
        assert_eq!(secrets.redact("a p@ss word, p%40ss+word"), "a [redacted], [redacted]");
        assert_eq!(secrets.redact("p@ss word and more"), "[redacted]");
        assert_eq!(
            secrets.redact_json(&serde_json::json!({"p@ss word": ["p@ss word"]})),
            serde_json::json!({"[redacted]": ["[redacted]"]})
        );
    }

    #[test]
    fn redacts_escaped_encoded_and_truncated_secrets() {
        let secrets = Secrets::default();
        secrets.register("tok\"quo\nted%2Fvalue");
        let redact = |text: &str| secrets.redact(text);
        assert_eq!(redact(r#"output: `tok\"quo\nted%2Fvalue`"#), "output: `[redacted]`");
        assert_eq!(redact("tok\"quo\nted/value"), "[redacted]");
        assert_eq!(redact("Basic dG9rInF1bwp0ZWQlMkZ2YWx1ZQ=="), "Basic [redacted]==");
        assert_eq!(redact(r#"`HTTP/1.1 403 tok\"quo`"#), "`HTTP/1.1 403 [redacted]`");
    }

    #[test]
    fn reports_the_name_of_an_unset_variable() {
        let why = Secrets::default().expand("a ${PHX_NO_SUCH_VARIABLE} b").unwrap_err();
        assert!(why.contains("PHX_NO_SUCH_VARIABLE"), "{why}");
        assert_eq!(Secrets::default().expand("a $b ${c").unwrap(), "a $b ${c");
    }
}
