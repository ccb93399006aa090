//! The command line: what there is to type, and its help. No logic.

pub mod doctor;
pub mod record;

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;

pub use doctor::DoctorArgs;
pub use record::{AuditArgs, AuditCommand, HookCommand, HookModeArg, HookName, MergeDriverArgs, ReviewArgs, TraceArgs};

const EXIT_CODES: &str = "\
Exit codes:
  0  clean
  1  findings that block
  2  called or configured wrongly
  3  the repository or a named directory holds nothing governed
  4  phx itself failed";

/// Keeps living documents true
///
/// A living document is a Markdown file whose front matter says which schema it obeys and by when it must be
/// updated, and whose body marks which sections are facts and which are judgement. phx holds such documents
/// against their schemas and rules, and says at the exact place what is wrong and what mends it.
#[derive(Debug, Parser)]
#[command(name = "phx", version, after_help = EXIT_CODES, max_term_width = 100)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,

    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Run as if phx was started in DIR
    #[arg(short = 'C', value_name = "DIR", global = true, value_hint = ValueHint::DirPath)]
    pub directory: Option<PathBuf>,

    /// Use this configuration instead of the phx.toml found upwards
    #[arg(long, value_name = "FILE", global = true, value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,

    /// The time that every rule uses [default: $PHX_NOW, $SOURCE_DATE_EPOCH, the clock]
    #[arg(long, value_name = "RFC3339", global = true)]
    pub now: Option<String>,

    /// When to use colours; NO_COLOR and FORCE_COLOR are heeded
    #[arg(long, value_name = "WHEN", global = true, value_enum, default_value_t = ColorChoice::Auto)]
    pub color: ColorChoice,

    /// Say nothing but findings
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Say more on standard error; twice also says what was read
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check documents against their schemas and the rules
    Validate(ValidateArgs),
    /// Rewrite AUTO blocks from facts
    Regen(RegenArgs),
    /// Show every governed document, what is due first on top
    Status(StatusArgs),
    /// Vouch for documents: show what changed since the last review, stamp, record
    Review(ReviewArgs),
    /// Install, take away, look at and run the git hooks
    #[command(subcommand)]
    Hook(HookCommand),
    /// Merge three versions of a document, as Git asks a merge driver to
    MergeDriver(MergeDriverArgs),
    /// Tell the story of a correlation id or of a document
    Trace(TraceArgs),
    /// Check the commits of a range again, and the ledger
    Audit(AuditArgs),
    /// Verify from outside what documents say of the systems around them
    Doctor(DoctorArgs),
    /// Write a new document of a kind
    New(NewArgs),
    /// Print a document's model as JSON
    Inspect(InspectArgs),
    /// Say what a rule finds, why, and what to do
    Explain(ExplainArgs),
    /// List the rules
    Rules(RulesArgs),
    /// List and print schemas
    #[command(subcommand)]
    Schema(SchemaCommand),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
    /// Print the manual page, in roff
    Man(ManArgs),
}

/// Check documents against their schemas and the rules
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools)] // each is a switch of its own
pub struct ValidateArgs {
    /// Files and directories; `-` is standard input [default: the whole repository]
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<PathBuf>,

    /// The path that standard input is checked as
    #[arg(long, value_name = "PATH")]
    pub stdin_filename: Option<PathBuf>,

    /// Format of the findings, as `json` or `sarif=report.sarif`; repeatable
    ///
    /// text, concise, json, jsonl, sarif, github, gitlab, junit, markdown
    #[arg(short, long, value_name = "FORMAT[=FILE]")]
    pub output: Vec<String>,

    /// Print how many findings each rule has, instead of the findings
    #[arg(long, conflicts_with_all = ["output", "diff"])]
    pub statistics: bool,

    /// Set a rule off; -W and -D win over it
    #[arg(short = 'A', long, value_name = "RULE")]
    pub allow: Vec<String>,

    /// Make a rule's findings warnings; -D wins over it
    #[arg(short = 'W', long, value_name = "RULE")]
    pub warn: Vec<String>,

    /// Make a rule's findings errors
    #[arg(short = 'D', long, value_name = "RULE")]
    pub deny: Vec<String>,

    /// What ends in exit code 1 [default: as `enforcement.level` says, else error]
    #[arg(long, value_name = "SEVERITY", value_enum)]
    pub fail_on: Option<FailOn>,

    /// Check what is staged: documents, configuration, schemas and templates as the index has them
    #[arg(long, conflicts_with_all = ["rev", "since", "fix", "stdin_filename"])]
    pub staged: bool,

    /// Check all documents of a revision, with its own configuration
    #[arg(long, value_name = "REV", conflicts_with_all = ["since", "fix", "stdin_filename"])]
    pub rev: Option<String>,

    /// Check only the documents that changed since the merge base with a revision
    #[arg(long, value_name = "REF", conflicts_with = "stdin_filename")]
    pub since: Option<String>,

    /// Apply the fixes that findings carry, then report what remains
    #[arg(long)]
    pub fix: bool,

    /// Print what --fix would change, as a unified diff, and write nothing; exit code 1 if there is something
    #[arg(long, conflicts_with = "fix")]
    pub diff: bool,

    /// End well where nothing is governed
    #[arg(long)]
    pub allow_empty: bool,
}

/// Rewrite AUTO blocks from facts
///
/// Only the bodies of AUTO blocks and the checksums in their END markers change. What no fact gives keeps its value. A body
/// that somebody edited by hand is left alone.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools)] // each is a switch of its own
pub struct RegenArgs {
    /// Files and directories [default: the whole repository]
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<PathBuf>,

    /// Write nothing; print a unified diff, and end with exit code 1 if there is one
    #[arg(long)]
    pub check: bool,

    /// Only the AUTO block of this name
    #[arg(long, value_name = "NAME")]
    pub section: Option<String>,

    /// Restore bodies that somebody edited by hand
    #[arg(long)]
    pub force: bool,

    /// With --check, compare coverage, doctor results, history and times too
    #[arg(long, requires = "check")]
    pub measured: bool,

    /// Empty AUTO bodies and take their checksums away
    #[arg(long, conflicts_with = "measured")]
    pub clean: bool,

    /// Rewrite what is staged, and those blocks in the worktree, where that is harmless
    #[arg(long, conflicts_with_all = ["paths", "check", "section", "force", "clean"])]
    pub staged: bool,

    /// Format of what is said of each block
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = ListFormat::Text)]
    pub output: ListFormat,

    /// End well where nothing is governed
    #[arg(long)]
    pub allow_empty: bool,
}

/// Show every governed document, what is due first on top
///
/// A line each: when it is due, how old it is, its kind, and how its AUTO blocks stand.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Files and directories [default: the whole repository]
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<PathBuf>,

    /// Format of the list
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = ListFormat::Text)]
    pub output: ListFormat,

    /// End well where nothing is governed
    #[arg(long)]
    pub allow_empty: bool,
}

/// What ends in exit code 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Errors
    Error,
    /// Errors and warnings
    Warning,
}

/// Write a new document of a kind
#[derive(Debug, Args)]
pub struct NewArgs {
    /// The kind, as `upcoming-features`; `phx schema list` lists them
    pub kind: String,

    /// Where to write it; `-` is standard output [default: the kind's file name, here]
    #[arg(value_hint = ValueHint::FilePath)]
    pub path: Option<PathBuf>,
}

/// Print a document's model as JSON
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// The document
    #[arg(value_name = "DOC", value_hint = ValueHint::FilePath)]
    pub document: PathBuf,
}

/// Say what a rule finds, why, and what to do
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The rule, as `stale-document`
    pub rule: String,
}

/// List the rules
#[derive(Debug, Args)]
pub struct RulesArgs {
    /// Format of the list
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = ListFormat::Text)]
    pub output: ListFormat,
}

/// Format of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// For people
    Text,
    /// For programs
    Json,
}

/// List and print schemas
#[derive(Debug, Subcommand)]
pub enum SchemaCommand {
    /// List the versions, and the kinds that each has a schema for
    List {
        /// Format of the list
        #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = ListFormat::Text)]
        output: ListFormat,
    },
    /// Print a schema
    Show {
        /// A kind; or `governance`, `model`, `findings`, `regen`, `status`, `doctor`, `record`, `audit`, `trace`, `phx.toml`
        name: String,
        /// The version [default: the newest]
        #[arg(long, value_name = "VERSION")]
        schema_version: Option<String>,
    },
}

/// Print a completion script for a shell
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Print the manual page, in roff
#[derive(Debug, Args)]
pub struct ManArgs {
    /// The command; phx itself where there is none
    pub command: Option<String>,

    /// Write the pages of all commands to DIR/man1, as `~/.local/share/man`, and create what is missing
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, conflicts_with = "command")]
    pub install: Option<PathBuf>,
}
