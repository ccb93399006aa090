//! Front matter dialect of a repository: the key of the governance block and aliases of its keys.

/// Front matter dialect of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// Key of the governance block; empty if its keys are at the top level of the front matter.
    pub root: String,
    /// Pairs of a canonical key and the key that the repository uses for it.
    pub aliases: Vec<(String, String)>,
}

impl Default for Dialect {
    fn default() -> Self {
        Self { root: "governance".to_owned(), aliases: Vec::new() }
    }
}

impl Dialect {
    /// Returns the key that the repository uses for a canonical key.
    pub fn written<'a>(&'a self, key: &'a str) -> &'a str {
        self.aliases.iter().find(|(canonical, _)| canonical == key).map_or(key, |(_, written)| written)
    }

    /// Returns the canonical key for a key of the repository.
    pub fn canonical<'a>(&'a self, written: &'a str) -> &'a str {
        self.aliases.iter().find(|(_, alias)| alias == written).map_or(written, |(canonical, _)| canonical)
    }

    /// Returns the keys that make a document governed: one of them must start a line of the front matter.
    pub fn governing_keys(&self) -> Vec<&str> {
        if self.root.is_empty() {
            vec![self.written("update_required_by"), self.written("validation_schema")]
        } else {
            vec![&self.root]
        }
    }
}
