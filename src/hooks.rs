//! Git hooks: installation, execution, and the audit that repeats their validation in CI.

pub(crate) mod audit;
pub(crate) mod pre_commit;
pub(crate) mod install;
pub(crate) mod message;
pub(crate) mod overrides;
mod shim;
pub(crate) mod stamps;
pub(crate) mod verify;

/// Git hook that phx implements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hook {
    PreCommit,
    CommitMsg,
    PreMergeCommit,
    PrePush,
}

impl Hook {
    /// Hooks that are installed by default.
    pub(crate) const USUAL: &[Self] = &[Self::PreCommit, Self::CommitMsg, Self::PreMergeCommit];

    pub(crate) const ALL: &[Self] = &[Self::PreCommit, Self::CommitMsg, Self::PreMergeCommit, Self::PrePush];

    /// Returns the file name of the hook.
    pub(crate) fn name(self) -> &'static str {
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
pub(crate) enum HookMode {
    /// Reject the commit.
    Check,
    /// Write the AUTO blocks if no other changes are lost.
    Write,
}
