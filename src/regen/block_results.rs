//! What became of a document and of each of its AUTO blocks, for reports.

use super::access_log::{Blocker, UnavailableFact};

/// What became of one document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rewritten {
    /// Its path from the root.
    pub path: String,
    /// Its AUTO blocks, in order.
    pub blocks: Vec<BlockResult>,
    /// The names of its AUTO blocks, where none of them is the one that was asked for.
    pub others: Vec<String>,
    /// What changed or would change, as a unified diff; empty for nothing.
    pub diff: String,
    /// Why none of its blocks can be written.
    pub problem: Option<String>,
}

/// What became of one AUTO block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockResult {
    /// Its canonical name.
    pub name: String,
    /// The line of its marker.
    pub line: usize,
    /// What became of it.
    pub what: BlockStatus,
    /// What changed or would change, in words; empty for nothing, or for a checksum alone.
    pub changes: String,
    /// What stayed for want of a fact.
    pub kept: Vec<UnavailableFact>,
    /// What else its reader must know.
    pub warnings: Vec<String>,
    /// The items that its values were computed from, each with its line.
    pub items: Vec<(String, usize)>,
}

/// What became of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BlockStatus {
    /// It is as it should be.
    Current,
    /// It would be written.
    Outdated,
    /// It was written.
    Written,
    /// It was not written, because somebody edited it: the way out.
    Edited(String),
    /// It cannot be rendered: why.
    Failed(String),
    /// It was not written, because a value depends on something that cannot be read.
    Blocked(Vec<Blocker>),
    /// There is no template for it.
    NoTemplate,
    /// No fact that it shows has a source.
    NoFacts,
}

impl BlockStatus {
    /// As programs read it.
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

    /// Why it was not written, with the command or edit that resolves it.
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
    /// A document none of whose blocks can be written.
    pub fn stopped(path: &str, why: String) -> Self {
        Self { path: path.to_owned(), problem: Some(why), ..Self::default() }
    }

    /// Whether something is not as it should be.
    pub fn is_finding(&self) -> bool {
        let wrong = |block: &BlockResult| {
            matches!(
                block.what,
                BlockStatus::Outdated | BlockStatus::Edited(_) | BlockStatus::Failed(_) | BlockStatus::Blocked(_)
            )
        };
        self.problem.is_some() || self.blocks.iter().any(wrong)
    }

    /// The names of the blocks that were written.
    pub fn written(&self) -> impl Iterator<Item = &str> {
        self.blocks.iter().filter(|block| block.what == BlockStatus::Written).map(|block| block.name.as_str())
    }

    /// What would be written has been.
    pub fn mark_written(&mut self) {
        for block in &mut self.blocks {
            if block.what == BlockStatus::Outdated {
                block.what = BlockStatus::Written;
            }
        }
    }

    /// How many blocks came to something.
    pub fn count(&self, what: &BlockStatus) -> usize {
        self.blocks.iter().filter(|block| block.what == *what).count()
    }
}
