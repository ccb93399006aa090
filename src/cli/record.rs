//! The commands around git and the record: review, hook, trace, audit.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::ListFormat;

/// Vouch for documents: show what changed since the last review, stamp, record
///
/// Shows the MANUAL sections and the sources that changed since the last review, asks, then moves the stamp and the
/// `reviewed:` dates and writes a record to `.phx/ledger`. Nothing is staged unless asked for.
#[derive(Debug, Args)]
pub struct ReviewArgs {
    /// Documents, each whole or one of its MANUAL sections
    #[arg(value_name = "DOC[#SECTION]", required = true)]
    pub targets: Vec<String>,

    /// What to say beside, on record
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,

    /// Do not ask
    #[arg(long)]
    pub yes: bool,

    /// Review what is staged, and stage stamp and record
    #[arg(long)]
    pub staged: bool,
}

/// Merge three versions of a document, as Git asks a merge driver to
///
/// `phx hook install` registers it in a clone, and `*.md merge=phx` in `.gitattributes` makes Git use it. The stamp of the later
/// update, the later review dates and the AUTO blocks of the first side are taken; Git merges the rest. Exits with 1 where a
/// conflict is left in OURS.
#[derive(Debug, Args)]
pub struct MergeDriverArgs {
    /// The version that both sides started from (%O)
    #[arg(value_name = "BASE")]
    pub base: PathBuf,
    /// The version of the first side, which is replaced by the result (%A)
    #[arg(value_name = "OURS")]
    pub ours: PathBuf,
    /// The version of the second side (%B)
    #[arg(value_name = "THEIRS")]
    pub theirs: PathBuf,
    /// How long the lines are that mark a conflict (%L)
    #[arg(value_name = "SIZE")]
    pub marker_size: usize,
    /// The path of the document from the root of the repository (%P)
    #[arg(value_name = "PATH")]
    pub path: String,
}

/// Install, take away, look at and run the git hooks
#[derive(Debug, Subcommand)]
pub enum HookCommand {
    /// Install the hooks where git looks for them; a hook that stands there runs first from then on
    Install {
        /// What pre-commit does about outdated AUTO blocks [default: as `hook.mode` says, else write]
        #[arg(long, value_name = "MODE", value_enum)]
        mode: Option<HookModeArg>,
        /// Check the commits that are pushed, too
        #[arg(long)]
        pre_push: bool,
    },
    /// Take the hooks away, and put back what stood there before
    Uninstall,
    /// Say how the hooks stand; exit code 1 if one is missing or changed
    Status,
    /// Run a hook, as git or another hook manager does
    Run {
        /// The hook
        #[arg(value_enum)]
        name: HookName,
        /// What pre-commit does about outdated AUTO blocks [default: as `hook.mode` says, else write]
        #[arg(long, value_name = "MODE", value_enum)]
        mode: Option<HookModeArg>,
        /// What git gives the hook
        #[arg(value_name = "ARGUMENT", allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
}

/// What the pre-commit hook does about outdated AUTO blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum HookModeArg {
    /// Block
    Check,
    /// Write them where that is harmless, in the commit and in the worktree
    Write,
}

/// A hook of git's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum HookName {
    /// Before a commit
    PreCommit,
    /// Once a commit has its message
    CommitMsg,
    /// Before a merge makes its commit
    PreMergeCommit,
    /// Before commits go elsewhere
    PrePush,
}

/// Tell the story of a correlation id or of a document
#[derive(Debug, Args)]
pub struct TraceArgs {
    /// A correlation id, or a document
    #[arg(value_name = "ID|DOC")]
    pub subject: String,

    /// Format of the story
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = ListFormat::Text)]
    pub output: ListFormat,
}

/// Check the commits of a range again, and the ledger
///
/// Each commit is held against what the hook would have said of it at its time. Overrides are listed; exit code 1 if a
/// commit would not have passed and no override says why. `phx audit verify` looks at the records of the ledger.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct AuditArgs {
    /// What to look at instead
    #[command(subcommand)]
    pub what: Option<AuditCommand>,

    /// The commits, as `origin/main..HEAD`
    #[arg(long, value_name = "A..B")]
    pub range: Option<String>,

    /// Format of the list
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = ListFormat::Text)]
    pub output: ListFormat,
}

/// What there is to audit beside commits.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Check that each record of the ledger is well formed and bears the name that its content says
    Verify {
        /// Check too that every record of A is unchanged in B, unless a revert between them names it
        #[arg(long, value_name = "A..B")]
        range: Option<String>,
    },
}
