//! The git hooks: installing them, what each does when git runs it, and CI's second look at what they were to hold.

pub mod audit;
pub mod pre_commit;
pub mod install;
pub mod message;
pub mod overrides;
mod shim;
pub mod stamps;
pub mod verify;

/// A hook of git's that phx serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hook {
    /// Before a commit.
    PreCommit,
    /// Once a commit has its message.
    CommitMsg,
    /// Before a merge makes its commit.
    PreMergeCommit,
    /// Before commits go elsewhere.
    PrePush,
}

impl Hook {
    /// Those that are installed without being asked for.
    pub const USUAL: &[Self] = &[Self::PreCommit, Self::CommitMsg, Self::PreMergeCommit];

    /// All of them.
    pub const ALL: &[Self] = &[Self::PreCommit, Self::CommitMsg, Self::PreMergeCommit, Self::PrePush];

    /// As git calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::PreCommit => "pre-commit",
            Self::CommitMsg => "commit-msg",
            Self::PreMergeCommit => "pre-merge-commit",
            Self::PrePush => "pre-push",
        }
    }
}

/// What the pre-commit hook does about outdated AUTO blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookMode {
    /// It blocks.
    Check,
    /// It writes them where that is harmless.
    Write,
}
