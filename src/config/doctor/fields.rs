//! Parsers for values of `[doctor]`: durations, sizes, counts, and names and values that must not contain secrets.

use crate::config::reader::ConfigReader;
use crate::text::{Node, NodeData, duration, size};

/// Substrings of names whose values are secrets.
const SECRET_NAME_PARTS: &[&str] =
    &["authorization", "token", "secret", "password", "passwd", "api-key", "apikey", "api_key", "auth", "cookie"];

/// Returns true if the value of a name is a secret.
pub(super) fn is_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    SECRET_NAME_PARTS.iter().any(|part| name.contains(part))
}

impl ConfigReader<'_> {
    /// Parses a duration with a unit, which must be above zero. Returns milliseconds.
    pub(super) fn milliseconds(&mut self, tree: &Node<'static>, key: &str) -> Option<u64> {
        let value = tree.get(key)?;
        let time = value.as_text().and_then(duration::milliseconds).filter(|time| *time > 0);
        if time.is_none() {
            let message = match &value.data {
                NodeData::Number(number) => format!("`{key}` is `{number}`, a duration without a unit"),
                _ if value.as_text().and_then(duration::milliseconds) == Some(0) => {
                    format!("`{key}` must be above zero")
                }
                _ => format!("`{key}` is not a valid duration"),
            };
            self.error(value.span, message, "write a duration such as `500ms`, `2s` or `5m`");
        }
        time
    }

    /// Parses a size. Returns bytes.
    pub(super) fn bytes(&mut self, tree: &Node<'static>, key: &str) -> Option<u64> {
        let value = tree.get(key)?;
        let bytes = match &value.data {
            NodeData::Number(number) => number.as_u64(),
            NodeData::Text(text) => size::parse(text),
            _ => None,
        };
        if bytes.is_none() {
            self.error(value.span, format!("`{key}` is not a valid size"), "write a size such as `64KiB` or `8MiB`");
        }
        bytes
    }

    /// Parses an integer within inclusive bounds.
    pub(super) fn count(&mut self, tree: &Node<'static>, key: &str, (min, max): (u64, u64)) -> Option<u64> {
        let value = tree.get(key)?;
        let count = match &value.data {
            NodeData::Number(number) => number.as_u64().filter(|count| (min..=max).contains(count)),
            _ => None,
        };
        if count.is_none() {
            let message = format!("`{key}` must be an integer from {min} to {max}");
            self.error(value.span, message, format!("write `{key} = {}`", min.max(100).min(max)));
        }
        count
    }

    /// Parses a number that is not negative.
    pub(super) fn number(&mut self, tree: &Node<'static>, key: &str) -> Option<f64> {
        let value = tree.get(key)?;
        let number = match &value.data {
            NodeData::Number(number) => number.as_f64().filter(|number| *number >= 0.0),
            _ => None,
        };
        if number.is_none() {
            self.error(
                value.span,
                format!("`{key}` must be a number that is not negative"),
                format!("write `{key} = 5`"),
            );
        }
        number
    }

    /// Parses `true` or `false`.
    pub(super) fn flag(&mut self, tree: &Node<'static>, key: &str) -> Option<bool> {
        let value = tree.get(key)?;
        if let NodeData::Bool(flag) = value.data {
            return Some(flag);
        }
        self.error(value.span, format!("`{key}` must be `true` or `false`"), format!("write `{key} = true`"));
        None
    }

    /// Parses a list of strings, without their spans.
    pub(super) fn words(&mut self, tree: &Node<'static>, key: &str) -> Option<Vec<String>> {
        Some(self.texts(tree, key)?.into_iter().map(|(text, _)| text).collect())
    }

    /// Parses a required string without control characters.
    pub(super) fn required(&mut self, tree: &Node<'static>, key: &str, table: &str) -> Option<String> {
        if tree.get(key).is_none() {
            self.error(tree.span, format!("missing `{key}` in `[[{table}]]`"), format!("add `{key} = \"…\"`"));
        }
        let (text, span) = self.text(tree, key)?;
        if text.trim().is_empty() || text.contains(char::is_control) {
            let help = format!("write `{key} = \"…\"`, on one line");
            self.error(span, format!("`{key}` is empty or contains a control character"), help);
        }
        Some(text.to_owned())
    }

    /// Parses headers or variables. A value must come from the environment if its name is that of a secret.
    pub(super) fn named(&mut self, tree: &Node<'static>, key: &str) -> Vec<(String, String)> {
        let pairs = self.pairs(tree, key);
        for entry in tree.get(key).map(Node::entries).unwrap_or_default() {
            // `{canary}` is a random value that doctor generates and searches for in responses.
            let has_placeholder = |value: &str| value.contains("${") || value.contains("{canary}");
            let is_literal = entry.value.as_text().is_some_and(|value| !has_placeholder(value));
            let is_token_character =
                |letter: char| letter.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(letter);
            if entry.key.is_empty() || !entry.key.chars().all(is_token_character) {
                self.error(
                    entry.key_span,
                    format!("`{}` is not a valid name", entry.key),
                    "use only letters, digits, `-` and `_`",
                );
            }
            if is_literal && is_secret(&entry.key) {
                let help = "write the secret as `${NAME}`, and set NAME in the environment";
                self.error(entry.value.span, format!("the value of `{}` is a literal secret", entry.key), help);
            }
        }
        pairs
    }
}
