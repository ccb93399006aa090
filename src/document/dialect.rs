//! Dialect of the front matter: the key of the governance block and the names of its keys.

/// How a repository writes its front matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// The key that holds the governance block; empty where its keys stand at the top.
    pub root: String,
    /// Pairs of a key of this program and the key that the repository writes for it.
    pub aliases: Vec<(String, String)>,
}

impl Default for Dialect {
    fn default() -> Self {
        Self { root: "governance".to_owned(), aliases: Vec::new() }
    }
}

impl Dialect {
    /// The key as the repository writes it.
    pub fn written<'a>(&'a self, key: &'a str) -> &'a str {
        self.aliases.iter().find(|(canonical, _)| canonical == key).map_or(key, |(_, written)| written)
    }

    /// The key of this program that a written key stands for.
    pub fn canonical<'a>(&'a self, written: &'a str) -> &'a str {
        self.aliases.iter().find(|(_, alias)| alias == written).map_or(written, |(canonical, _)| canonical)
    }

    /// The keys one of which must start a line of the front matter for the document to be governed.
    pub fn signs(&self) -> Vec<&str> {
        if self.root.is_empty() {
            vec![self.written("update_required_by"), self.written("validation_schema")]
        } else {
            vec![&self.root]
        }
    }
}
