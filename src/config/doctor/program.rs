//! Programs that doctor starts, such as a migration or a service.

use crate::config::reader::ConfigReader;
use crate::text::{Node, suggest};

/// Placeholders in arguments and variables, replaced at run time.
const PLACEHOLDERS: &[&str] =
    &["dsn", "host", "port", "user", "password", "database", "path", "listen", "upstream", "other", "canary"];

#[derive(Clone, Debug, PartialEq)]
pub struct ProgramSettings {
    /// Program and arguments, with placeholders such as `{dsn}` and `{listen}`.
    pub command: Vec<String>,
    /// Variables added to the environment of phx, with the same placeholders.
    pub env: Vec<(String, String)>,
    /// URL that returns a status below 400 when the program is ready.
    pub ready: Option<String>,
    /// Timeout until the program is ready or has exited, in milliseconds (default 30,000).
    pub within_ms: u64,
}

impl ConfigReader<'_> {
    /// Parses a program under a key of a table.
    pub(super) fn program(&mut self, tree: &Node<'static>, key: &str, table: &str) -> Option<ProgramSettings> {
        let name = format!("{table}.{key}");
        let tree = self.table(tree.get(key), &name)?;
        let command = self.command(tree, &name)?;
        self.check_placeholders(tree);
        let ready = self.address(tree, "ready");
        let within_ms = self.milliseconds(tree, "within").unwrap_or(30_000);
        Some(ProgramSettings { command, env: self.named(tree, "env"), ready, within_ms })
    }

    /// Reports placeholders that are similar to a known one, because unknown placeholders are not replaced.
    fn check_placeholders(&mut self, tree: &Node<'static>) {
        let words = tree.get("command").map(Node::items).unwrap_or_default();
        let values = tree.get("env").map(Node::entries).unwrap_or_default().iter().map(|entry| &entry.value);
        for value in words.iter().chain(values) {
            let text = value.as_text().unwrap_or_default();
            for part in text.split('{').skip(1) {
                let Some((name, _)) = part.split_once('}') else { continue };
                let near = suggest::did_you_mean(name, PLACEHOLDERS.iter().copied());
                if !PLACEHOLDERS.contains(&name) && !near.is_empty() {
                    let known: Vec<String> = PLACEHOLDERS.iter().map(|name| format!("`{{{name}}}`")).collect();
                    let help = format!("known placeholders: {}", known.join(", "));
                    self.error(value.span, format!("unknown placeholder `{{{name}}}`{near}"), help);
                }
            }
        }
    }

    /// Parses the required key `command`: a program and its arguments.
    pub(super) fn command(&mut self, tree: &Node<'static>, table: &str) -> Option<Vec<String>> {
        let words = self.words(tree, "command").unwrap_or_default();
        if words.first().is_none_or(String::is_empty) {
            let span = tree.get("command").map_or(tree.span, |value| value.span);
            self.error(span, format!("missing `command` in `{table}`"), "write `command = [\"./bin/app\", \"serve\"]`");
            return None;
        }
        Some(words)
    }

    /// Parses an HTTP URL.
    pub(super) fn address(&mut self, tree: &Node<'static>, key: &str) -> Option<String> {
        let (url, span) = self.text(tree, key)?;
        self.endpoint(url, span, ["http", "https"]);
        Some(url.to_owned())
    }

    /// Parses a required HTTP URL.
    pub(super) fn needed_address(&mut self, tree: &Node<'static>, key: &str, table: &str) -> Option<String> {
        if tree.get(key).is_none() {
            let help = format!("add `{key} = \"http://127.0.0.1:8080/\"`");
            self.error(tree.span, format!("missing `{key}` in `{table}`"), help);
        }
        self.address(tree, key)
    }
}
