//! Command lines of `phx review`, `hook`, `merge-driver`, `trace` and `audit`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::ListFormat;

/// Review documents and sign off: show changes, update the stamp, write a record
///
/// Shows the MANUAL sections and the source files that changed since the last review and asks for confirmation. Then
/// updates the stamp and the `reviewed:` dates and writes a sign-off record to `.phx/ledger`. Stages nothing without
/// --staged.
#[derive(Debug, Args)]
pub struct ReviewArgs {
    /// Documents, or single MANUAL sections of documents
    #[arg(value_name = "DOC[#SECTION]", required = true)]
    pub targets: Vec<String>,

    /// Add a note to the record
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,

    /// Sign off without asking
    #[arg(long)]
    pub yes: bool,

    /// Review the staged documents, and stage the stamp and the record
    #[arg(long)]
    pub staged: bool,
}

/// Merge three versions of a document (merge driver for Git)
///
/// `phx hook install` registers the driver in a clone; the line `*.md merge=phx` in `.gitattributes` enables it. The
/// result has the stamp of the later update, the later review dates and the AUTO blocks of the first side; Git merges
/// the rest. Exits with 1 if conflicts remain in OURS.
#[derive(Debug, Args)]
pub struct MergeDriverArgs {
    /// File with the common ancestor (%O)
    #[arg(value_name = "BASE")]
    pub base: PathBuf,
    /// File with the first side, replaced by the result (%A)
    #[arg(value_name = "OURS")]
    pub ours: PathBuf,
    /// File with the second side (%B)
    #[arg(value_name = "THEIRS")]
    pub theirs: PathBuf,
    /// Length of conflict markers, in characters (%L)
    #[arg(value_name = "SIZE")]
    pub marker_size: usize,
    /// Path of the document, relative to the repository root (%P)
    #[arg(value_name = "PATH")]
    pub path: String,
}

/// Manage the Git hooks
#[derive(Debug, Subcommand)]
pub enum HookCommand {
    /// Install the hooks; existing hooks are kept and run first
    Install {
        /// Choose what pre-commit does with outdated AUTO blocks [default: `hook.mode`, else write]
        #[arg(long, value_name = "MODE", value_enum)]
        mode: Option<HookModeArg>,
        /// Also install the pre-push hook, which validates pushed commits
        #[arg(long)]
        pre_push: bool,
    },
    /// Remove the hooks and restore previous ones
    Uninstall,
    /// Show hook status; exit with 1 if a hook is missing or changed
    Status,
    /// Run a hook; called by Git or another hook manager
    Run {
        /// Hook to run
        #[arg(value_enum)]
        name: HookName,
        /// Choose what pre-commit does with outdated AUTO blocks [default: `hook.mode`, else write]
        #[arg(long, value_name = "MODE", value_enum)]
        mode: Option<HookModeArg>,
        /// Arguments that Git passes to the hook
        #[arg(value_name = "ARGUMENT", allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
}

/// Handling of outdated AUTO blocks by the pre-commit hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum HookModeArg {
    /// Reject the commit
    Check,
    /// Regenerate them in the commit and, if safe, in the worktree
    Write,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum HookName {
    /// Runs before a commit
    PreCommit,
    /// Runs after the commit message is written
    CommitMsg,
    /// Runs before a merge is committed
    PreMergeCommit,
    /// Runs before commits are pushed
    PrePush,
}

/// Show the audit trail of a document or correlation ID
#[derive(Debug, Args)]
pub struct TraceArgs {
    /// Correlation ID, or path of a document
    #[arg(value_name = "ID|DOC")]
    pub subject: String,

    /// Choose the format of the audit trail
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = ListFormat::Text)]
    pub output: ListFormat,
}

/// Validate the commits of a range again and verify the ledger
///
/// Validates each commit as the pre-commit hook would have, at the time of the commit. Lists overrides. Exits with 1 if
/// a commit fails validation and has no override for it. `phx audit verify` verifies the records of the ledger.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct AuditArgs {
    #[command(subcommand)]
    pub what: Option<AuditCommand>,

    /// Validate the commits of a range, for example `origin/main..HEAD`
    #[arg(long, value_name = "A..B")]
    pub range: Option<String>,

    /// Choose the format of the list
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = ListFormat::Text)]
    pub output: ListFormat,
}

#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Verify that each record of the ledger is well formed and has the file name that its content requires
    Verify {
        /// Also verify that each record of A is unchanged in B, unless a revert in the range names it
        #[arg(long, value_name = "A..B")]
        range: Option<String>,
    },
}
