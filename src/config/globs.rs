//! Glob patterns for paths.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// Set of globs: `*` matches within a directory, `**` across directories.
#[derive(Clone, Debug, Default)]
pub struct Globs {
    patterns: Vec<String>,
    set: GlobSet,
}

impl Globs {
    /// Compiles patterns. A leading `./` is ignored.
    ///
    /// # Errors
    /// Returns the index of the first invalid pattern and the reason.
    pub fn new(patterns: Vec<String>) -> Result<Self, (usize, String)> {
        let mut builder = GlobSetBuilder::new();
        for (index, pattern) in patterns.iter().enumerate() {
            let glob = GlobBuilder::new(pattern.trim_start_matches("./"))
                .literal_separator(true)
                .build()
                .map_err(|error| (index, error.kind().to_string()))?;
            builder.add(glob);
        }
        let set = builder.build().map_err(|error| (0, error.kind().to_string()))?;
        Ok(Self { patterns, set })
    }

    /// Returns true if a pattern matches the path, which must use `/` as separator.
    pub fn matches(&self, path: &str) -> bool {
        self.set.is_match(path)
    }

    /// Returns the patterns as written in the configuration.
    pub fn patterns(&self) -> &[String] {
        &self.patterns
    }
}
