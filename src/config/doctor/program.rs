//! Programs that doctor starts: a migration, a service.

use crate::config::reader::Reader;
use crate::text::Tree;

/// A program that is started.
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    /// The program and its arguments, with places as `{dsn}` and `{listen}`.
    pub command: Vec<String>,
    /// Variables that it gets beside those of phx, with the same places.
    pub env: Vec<(String, String)>,
    /// A page that answers with a status below 400 once the program serves.
    pub ready: Option<String>,
    /// How long it may take to be ready, or to be done, in milliseconds.
    pub within_ms: u64,
}

impl Reader<'_> {
    /// Reads a program under a key of a table.
    pub(super) fn program(&mut self, tree: &Tree<'static>, key: &str, table: &str) -> Option<Program> {
        let name = format!("{table}.{key}");
        let tree = self.table(tree.get(key), &name)?;
        let command = self.command(tree, &name)?;
        let ready = self.address(tree, "ready");
        let within_ms = self.milliseconds(tree, "within").unwrap_or(30_000);
        Some(Program { command, env: self.named(tree, "env"), ready, within_ms })
    }

    /// The words of a command.
    pub(super) fn command(&mut self, tree: &Tree<'static>, table: &str) -> Option<Vec<String>> {
        let words = self.words(tree, "command").unwrap_or_default();
        if words.first().is_none_or(String::is_empty) {
            let span = tree.get("command").map_or(tree.span, |value| value.span);
            self.mistake(span, format!("`{table}` without `command`"), "write `command = [\"./bin/app\", \"serve\"]`");
            return None;
        }
        Some(words)
    }

    /// A URL of HTTP.
    pub(super) fn address(&mut self, tree: &Tree<'static>, key: &str) -> Option<String> {
        let (url, span) = self.text(tree, key)?;
        self.endpoint(url, span, ["http", "https"]);
        Some(url.to_owned())
    }

    /// A URL of HTTP without which a table means nothing.
    pub(super) fn needed_address(&mut self, tree: &Tree<'static>, key: &str, table: &str) -> Option<String> {
        if tree.get(key).is_none() {
            let help = format!("add `{key} = \"http://127.0.0.1:8080/\"`");
            self.mistake(tree.span, format!("`{table}` without `{key}`"), help);
        }
        self.address(tree, key)
    }
}
