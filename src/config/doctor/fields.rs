//! What the values of `[doctor]` share: times with a unit, sizes, counts, and secrets that must not stand in a file.

use crate::config::reader::ConfigReader;
use crate::text::{Node, NodeData, duration, size};

/// Parts of names whose values are secrets.
const SECRET: &[&str] =
    &["authorization", "token", "secret", "password", "passwd", "api-key", "apikey", "api_key", "auth", "cookie"];

/// Whether what stands under a name is a secret.
pub(super) fn is_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    SECRET.iter().any(|part| name.contains(part))
}

impl ConfigReader<'_> {
    /// A time with its unit, in milliseconds.
    pub(super) fn milliseconds(&mut self, tree: &Node<'static>, key: &str) -> Option<u64> {
        let value = tree.get(key)?;
        let time = value.as_text().and_then(duration::milliseconds).filter(|time| *time > 0);
        if time.is_none() {
            let said = match &value.data {
                NodeData::Number(number) => format!("`{key}` is `{number}`, a time without a unit"),
                _ if value.as_text().and_then(duration::milliseconds) == Some(0) => {
                    format!("`{key}` must be above zero")
                }
                _ => format!("`{key}` is no time"),
            };
            self.mistake(value.span, said, "write it as `500ms`, `2s` or `5m`");
        }
        time
    }

    /// A size, in bytes.
    pub(super) fn bytes(&mut self, tree: &Node<'static>, key: &str) -> Option<u64> {
        let value = tree.get(key)?;
        let bytes = match &value.data {
            NodeData::Number(number) => number.as_u64(),
            NodeData::Text(text) => size::parse(text),
            _ => None,
        };
        if bytes.is_none() {
            self.mistake(value.span, format!("`{key}` is no size"), "write it as `64KiB` or `8MiB`");
        }
        bytes
    }

    /// A whole number within bounds.
    pub(super) fn count(&mut self, tree: &Node<'static>, key: &str, (least, most): (u64, u64)) -> Option<u64> {
        let value = tree.get(key)?;
        let count = match &value.data {
            NodeData::Number(number) => number.as_u64().filter(|count| (least..=most).contains(count)),
            _ => None,
        };
        if count.is_none() {
            let said = format!("`{key}` must be a whole number from {least} to {most}");
            self.mistake(value.span, said, format!("write `{key} = {}`", least.max(100).min(most)));
        }
        count
    }

    /// A number that is not negative.
    pub(super) fn number(&mut self, tree: &Node<'static>, key: &str) -> Option<f64> {
        let value = tree.get(key)?;
        let number = match &value.data {
            NodeData::Number(number) => number.as_f64().filter(|number| *number >= 0.0),
            _ => None,
        };
        if number.is_none() {
            self.mistake(value.span, format!("`{key}` must be a number"), format!("write `{key} = 5`"));
        }
        number
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, tree: &Node<'static>, key: &str) -> Option<bool> {
        let value = tree.get(key)?;
        if let NodeData::Bool(flag) = value.data {
            return Some(flag);
        }
        self.mistake(value.span, format!("`{key}` must be `true` or `false`"), format!("write `{key} = true`"));
        None
    }

    /// A list of strings, without their places.
    pub(super) fn words(&mut self, tree: &Node<'static>, key: &str) -> Option<Vec<String>> {
        Some(self.texts(tree, key)?.into_iter().map(|(text, _)| text).collect())
    }

    /// A string without which a table means nothing.
    pub(super) fn needed(&mut self, tree: &Node<'static>, key: &str, table: &str) -> Option<String> {
        if tree.get(key).is_none() {
            self.mistake(tree.span, format!("a `[[{table}]]` without `{key}`"), format!("add `{key} = \"…\"`"));
        }
        let (text, span) = self.text(tree, key)?;
        if text.trim().is_empty() || text.contains(char::is_control) {
            let help = format!("write `{key} = \"…\"`, on one line");
            self.mistake(span, format!("`{key}` is empty, or has a control character in it"), help);
        }
        Some(text.to_owned())
    }

    /// Headers, or variables: names and values. What is a secret by its name must come from the environment.
    pub(super) fn named(&mut self, tree: &Node<'static>, key: &str) -> Vec<(String, String)> {
        let pairs = self.pairs(tree, key);
        for entry in tree.get(key).map(Node::entries).unwrap_or_default() {
            // `{canary}` is a value that doctor makes up, to see whether it comes back.
            let is_made_up = |value: &str| value.contains("${") || value.contains("{canary}");
            let bare = entry.value.as_text().is_some_and(|value| !is_made_up(value));
            let is_token = |letter: char| letter.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(letter);
            if entry.key.is_empty() || !entry.key.chars().all(is_token) {
                self.mistake(
                    entry.key_span,
                    format!("`{}` is no name", entry.key),
                    "take letters, digits, `-` and `_`",
                );
            }
            if bare && is_secret(&entry.key) {
                let help = "write it as `${NAME}`, and set NAME in the environment";
                self.mistake(entry.value.span, format!("the value of `{}` is a secret", entry.key), help);
            }
        }
        pairs
    }
}
