//! Git hooks: installation, execution, and the audit that repeats their validation in CI.

pub mod audit;
pub mod pre_commit;
pub mod install;
pub mod message;
pub mod overrides;
mod shim;
pub mod stamps;
pub mod verify;

/// Git hook that phx implements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hook {
    PreCommit,
    CommitMsg,
    PreMergeCommit,
    PrePush,
}

impl Hook {
    /// Hooks that are installed by default.
    pub const USUAL: &[Self] = &[Self::PreCommit, Self::CommitMsg, Self::PreMergeCommit];

    pub const ALL: &[Self] = &[Self::PreCommit, Self::CommitMsg, Self::PreMergeCommit, Self::PrePush];

    /// Returns the file name of the hook.
    pub fn name(self) -> &'static str {
        match self {
            Self::PreCommit => "pre-commit",
            Self::CommitMsg => "commit-msg",
            Self::PreMergeCommit => "pre-merge-commit",
            Self::PrePush => "pre-push",
        }
    }
}

/// Treatment of outdated AUTO blocks by the pre-commit hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookMode {
    /// Reject the commit.
    Check,
    /// Write the AUTO blocks if no other changes are lost.
    Write,
}
