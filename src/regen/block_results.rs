//! Results of a regeneration for a document and its AUTO blocks, for reports.

use super::access_log::{Blocker, UnavailableFact};

/// Result for one document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rewritten {
    /// Path from the root.
    pub path: String,
    /// AUTO blocks, in order.
    pub blocks: Vec<BlockResult>,
    /// Names of all AUTO blocks, if none of them has the requested name.
    pub other_blocks: Vec<String>,
    /// Unified diff of the changes; empty if there are none.
    pub diff: String,
    /// Reason why none of the blocks can be written.
    pub problem: Option<String>,
}

/// Result for one AUTO block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockResult {
    /// Canonical name.
    pub name: String,
    /// Line of the marker, from 1.
    pub line: usize,
    pub what: BlockStatus,
    /// Summary of the changes; empty if there are none, or only in the checksum.
    pub changes: String,
    /// Values that are unchanged because no fact provides them.
    pub unavailable_facts: Vec<UnavailableFact>,
    /// Warnings about the values.
    pub warnings: Vec<String>,
    /// Items that the values were computed from, with their lines.
    pub items: Vec<(String, usize)>,
}

/// Status of a block after or without a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BlockStatus {
    /// The body equals the rendering.
    Current,
    /// The body would change.
    Outdated,
    Written,
    /// Not written, because the body was edited by hand; contains reason and help.
    Edited(String),
    /// Not rendered; contains the reason.
    Failed(String),
    /// Not written, because a value depends on text that cannot be read.
    Blocked(Vec<Blocker>),
    /// No template exists for this name.
    NoTemplate,
    /// All facts of the template are unavailable.
    NoFacts,
}

impl BlockStatus {
    /// Returns the name in JSON output.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Outdated => "outdated",
            Self::Written => "written",
            Self::Edited(_) => "edited",
            Self::Failed(_) => "failed",
            Self::Blocked(_) => "blocked",
            Self::NoTemplate => "no-template",
            Self::NoFacts => "no-facts",
        }
    }

    /// Returns why the block was not written, with the command or edit that resolves it.
    pub fn reason(&self) -> Option<String> {
        match self {
            Self::Edited(reason) | Self::Failed(reason) => Some(reason.clone()),
            Self::Blocked(blockers) => {
                let all: Vec<String> = blockers.iter().map(ToString::to_string).collect();
                Some(all.join("; "))
            }
            _ => None,
        }
    }
}

impl Rewritten {
    /// Creates the result for a document none of whose blocks can be written.
    pub fn failed(path: &str, reason: String) -> Self {
        Self { path: path.to_owned(), problem: Some(reason), ..Self::default() }
    }

    /// Returns whether any block is not current or was not written.
    pub fn is_finding(&self) -> bool {
        let is_finding = |block: &BlockResult| {
            matches!(
                block.what,
                BlockStatus::Outdated | BlockStatus::Edited(_) | BlockStatus::Failed(_) | BlockStatus::Blocked(_)
            )
        };
        self.problem.is_some() || self.blocks.iter().any(is_finding)
    }

    /// Returns the names of the blocks that were written.
    pub fn written(&self) -> impl Iterator<Item = &str> {
        self.blocks.iter().filter(|block| block.what == BlockStatus::Written).map(|block| block.name.as_str())
    }

    /// Marks outdated blocks as written.
    pub fn mark_written(&mut self) {
        for block in &mut self.blocks {
            if block.what == BlockStatus::Outdated {
                block.what = BlockStatus::Written;
            }
        }
    }

    /// Returns the number of blocks with a status.
    pub fn count(&self, what: &BlockStatus) -> usize {
        self.blocks.iter().filter(|block| block.what == *what).count()
    }
}
