//! Programs that doctor starts: a migration, a service.

use crate::config::reader::ConfigReader;
use crate::text::{Node, suggest};

/// What stands in words and variables for what is known only at run time.
const PLACES: &[&str] =
    &["dsn", "host", "port", "user", "password", "database", "path", "listen", "upstream", "other", "canary"];

/// A program that is started.
#[derive(Clone, Debug, PartialEq)]
pub struct ProgramSettings {
    /// The program and its arguments, with places as `{dsn}` and `{listen}`.
    pub command: Vec<String>,
    /// Variables that it gets beside those of phx, with the same places.
    pub env: Vec<(String, String)>,
    /// A page that answers with a status below 400 once the program serves.
    pub ready: Option<String>,
    /// How long it may take to be ready, or to be done, in milliseconds.
    pub within_ms: u64,
}

impl ConfigReader<'_> {
    /// Reads a program under a key of a table.
    pub(super) fn program(&mut self, tree: &Node<'static>, key: &str, table: &str) -> Option<ProgramSettings> {
        let name = format!("{table}.{key}");
        let tree = self.table(tree.get(key), &name)?;
        let command = self.command(tree, &name)?;
        self.places(tree);
        let ready = self.address(tree, "ready");
        let within_ms = self.milliseconds(tree, "within").unwrap_or(30_000);
        Some(ProgramSettings { command, env: self.named(tree, "env"), ready, within_ms })
    }

    /// Whether places in words and variables are known: one that nearly is would stay as it stands.
    fn places(&mut self, tree: &Node<'static>) {
        let words = tree.get("command").map(Node::items).unwrap_or_default();
        let values = tree.get("env").map(Node::entries).unwrap_or_default().iter().map(|entry| &entry.value);
        for value in words.iter().chain(values) {
            let text = value.as_text().unwrap_or_default();
            for part in text.split('{').skip(1) {
                let Some((place, _)) = part.split_once('}') else { continue };
                let near = suggest::did_you_mean(place, PLACES.iter().copied());
                if !PLACES.contains(&place) && !near.is_empty() {
                    let help = PLACES.iter().map(|place| format!("`{{{place}}}`")).collect::<Vec<_>>().join(", ");
                    self.mistake(value.span, format!("there is no place `{{{place}}}`{near}"), help);
                }
            }
        }
    }

    /// The words of a command.
    pub(super) fn command(&mut self, tree: &Node<'static>, table: &str) -> Option<Vec<String>> {
        let words = self.words(tree, "command").unwrap_or_default();
        if words.first().is_none_or(String::is_empty) {
            let span = tree.get("command").map_or(tree.span, |value| value.span);
            self.mistake(span, format!("`{table}` without `command`"), "write `command = [\"./bin/app\", \"serve\"]`");
            return None;
        }
        Some(words)
    }

    /// A URL of HTTP.
    pub(super) fn address(&mut self, tree: &Node<'static>, key: &str) -> Option<String> {
        let (url, span) = self.text(tree, key)?;
        self.endpoint(url, span, ["http", "https"]);
        Some(url.to_owned())
    }

    /// A URL of HTTP without which a table means nothing.
    pub(super) fn needed_address(&mut self, tree: &Node<'static>, key: &str, table: &str) -> Option<String> {
        if tree.get(key).is_none() {
            let help = format!("add `{key} = \"http://127.0.0.1:8080/\"`");
            self.mistake(tree.span, format!("`{table}` without `{key}`"), help);
        }
        self.address(tree, key)
    }
}
