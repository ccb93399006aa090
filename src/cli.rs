//! Definition of the command line and its help texts, without logic.

pub(crate) mod doctor;
mod groups;
pub(crate) mod record;

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;

pub(crate) use doctor::DoctorArgs;
pub(crate) use groups::grouped;
pub(crate) use record::{
    AuditArgs, AuditCommand, HookCommand, HookModeArg, HookName, MergeDriverArgs, ReviewArgs, TraceArgs,
};

const EXIT_CODES: &str = "\
Exit codes:
  0  clean
  1  findings that fail the run
  2  usage or configuration error
  3  no governed document found
  4  internal error in phx";

/// Validate and regenerate living Markdown documents
///
/// The front matter of a living document names its schema and its update deadline. Markers in its body separate
/// sections that are generated from facts (AUTO) from sections that people write (MANUAL). phx validates such documents
/// against schemas and rules, and reports each finding with its location and a way to fix it.
#[derive(Debug, Parser)]
#[command(name = "phx", version, after_help = EXIT_CODES, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,

    #[command(subcommand)]
    pub command: Command,
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Run as if phx was started in DIR
    #[arg(short = 'C', value_name = "DIR", global = true, value_hint = ValueHint::DirPath)]
    pub directory: Option<PathBuf>,

    /// Use FILE instead of the phx.toml in this directory or its parents
    #[arg(long, value_name = "FILE", global = true, value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,

    /// Use this time as the current time [default: $PHX_NOW, else $SOURCE_DATE_EPOCH, else the clock]
    #[arg(long, value_name = "RFC3339", global = true)]
    pub now: Option<String>,

    /// Choose when to use colors; `auto` respects NO_COLOR and FORCE_COLOR
    #[arg(long, value_name = "WHEN", global = true, value_enum, default_value_t = ColorChoice::Auto)]
    pub color: ColorChoice,

    /// Print findings only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Print details to standard error; -vv also lists the files read
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// Use colors if the output is a terminal
    Auto,
    /// Always use colors
    Always,
    /// Never use colors
    Never,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Validate documents against schemas and rules
    Validate(ValidateArgs),
    /// Regenerate AUTO blocks from facts
    Regen(RegenArgs),
    /// List governed documents, earliest deadline first
    Status(StatusArgs),
    /// Review documents and sign off: show changes, update the stamp, write a record
    Review(ReviewArgs),
    /// Manage the Git hooks
    #[command(subcommand)]
    Hook(HookCommand),
    /// Merge three versions of a document (merge driver for Git)
    MergeDriver(MergeDriverArgs),
    /// Show the audit trail of a document or correlation ID
    Trace(TraceArgs),
    /// Validate the commits of a range again and verify the ledger
    Audit(AuditArgs),
    /// Run black-box checks on the systems that documents describe
    Doctor(DoctorArgs),
    /// Create a document of a kind
    New(NewArgs),
    /// Print the model of a document as JSON
    Inspect(InspectArgs),
    /// Explain a rule: its findings, their reason and their fix
    Explain(ExplainArgs),
    /// List the rules
    Rules(RulesArgs),
    /// List and print schemas
    #[command(subcommand)]
    Schema(SchemaCommand),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
    /// Print or install the manual pages
    Man(ManArgs),
}

/// Validate documents against schemas and rules
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools)] // each is a separate flag
pub struct ValidateArgs {
    /// Files and directories; `-` reads standard input [default: the whole repository]
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<PathBuf>,

    /// Validate standard input as if it was the file PATH
    #[arg(long, value_name = "PATH")]
    pub stdin_filename: Option<PathBuf>,

    /// Choose the format of the findings, for example `json` or `sarif=report.sarif`; repeatable
    ///
    /// Formats: text, concise, json, jsonl, sarif, github, gitlab, junit, markdown
    #[arg(short, long, value_name = "FORMAT[=FILE]")]
    pub output: Vec<String>,

    /// Print the number of findings per rule instead of the findings
    #[arg(long, conflicts_with_all = ["output", "diff"])]
    pub statistics: bool,

    /// Turn a rule off; -W and -D take precedence
    #[arg(short = 'A', long, value_name = "RULE")]
    pub allow: Vec<String>,

    /// Report findings of a rule as warnings; -D takes precedence
    #[arg(short = 'W', long, value_name = "RULE")]
    pub warn: Vec<String>,

    /// Report findings of a rule as errors
    #[arg(short = 'D', long, value_name = "RULE")]
    pub deny: Vec<String>,

    /// Lowest severity that fails [default: set by `enforcement.level`, else error]
    #[arg(long, value_name = "SEVERITY", value_enum)]
    pub fail_on: Option<FailOn>,

    /// Validate staged documents, with the configuration, schemas and templates of the index
    #[arg(long, conflicts_with_all = ["rev", "since", "fix", "stdin_filename"])]
    pub staged: bool,

    /// Validate the documents of a revision, with the configuration of that revision
    #[arg(long, value_name = "REV", conflicts_with_all = ["since", "fix", "stdin_filename"])]
    pub rev: Option<String>,

    /// Validate only documents changed since the merge base with REF
    #[arg(long, value_name = "REF", conflicts_with = "stdin_filename")]
    pub since: Option<String>,

    /// Apply available fixes, then report the remaining findings
    #[arg(long)]
    pub fix: bool,

    /// Print the changes of --fix as a unified diff without writing; exit with 1 if there are any
    #[arg(long, conflicts_with = "fix")]
    pub diff: bool,

    /// Exit with 0 if no governed document is found
    #[arg(long)]
    pub allow_empty: bool,
}

/// Regenerate AUTO blocks from facts
///
/// Changes only the bodies of AUTO blocks and the checksums in their END markers. Values of unavailable facts stay
/// unchanged. Bodies that were edited by hand are not overwritten without --force.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools)] // each is a separate flag
pub struct RegenArgs {
    /// Files and directories [default: the whole repository]
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<PathBuf>,

    /// Print a unified diff without writing; exit with 1 if there are changes
    #[arg(long)]
    pub check: bool,

    /// Regenerate only the AUTO block NAME
    #[arg(long, value_name = "NAME")]
    pub section: Option<String>,

    /// Overwrite bodies that were edited by hand
    #[arg(long)]
    pub force: bool,

    /// With --check, also compare coverage, doctor results, history and times
    #[arg(long, requires = "check")]
    pub measured: bool,

    /// Empty AUTO bodies and remove their checksums
    #[arg(long, conflicts_with = "measured")]
    pub clean: bool,

    /// Regenerate AUTO blocks of staged documents, in the index and, if safe, in the worktree
    #[arg(long, conflicts_with_all = ["paths", "check", "section", "force", "clean"])]
    pub staged: bool,

    /// Choose the format of the report
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = ListFormat::Text)]
    pub output: ListFormat,

    /// Exit with 0 if no governed document is found
    #[arg(long)]
    pub allow_empty: bool,
}

/// List governed documents, earliest deadline first
///
/// Prints one line per document: deadline, time since the last update, kind and state of the AUTO blocks.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Files and directories [default: the whole repository]
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<PathBuf>,

    /// Choose the format of the list
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = ListFormat::Text)]
    pub output: ListFormat,

    /// Exit with 0 if no governed document is found
    #[arg(long)]
    pub allow_empty: bool,
}

/// Lowest severity that causes exit code 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Fail on errors
    Error,
    /// Fail on errors and warnings
    Warning,
}

/// Create a document of a kind
#[derive(Debug, Args)]
pub struct NewArgs {
    /// Kind of the document, for example `upcoming-features`; `phx schema list` lists all kinds
    pub kind: String,

    /// File to create; `-` prints to standard output [default: file name of the kind, in this directory]
    #[arg(value_hint = ValueHint::FilePath)]
    pub path: Option<PathBuf>,
}

/// Print the model of a document as JSON
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// Document to read
    #[arg(value_name = "DOC", value_hint = ValueHint::FilePath)]
    pub document: PathBuf,
}

/// Explain a rule: its findings, their reason and their fix
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// Rule to explain, for example `stale-document`
    pub rule: String,
}

/// List the rules
#[derive(Debug, Args)]
pub struct RulesArgs {
    /// Choose the format of the list
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = ListFormat::Text)]
    pub output: ListFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// Human-readable text
    Text,
    /// JSON
    Json,
}

/// List and print schemas
#[derive(Debug, Subcommand)]
pub enum SchemaCommand {
    /// List schema versions and the kinds of each version
    List {
        /// Choose the format of the list
        #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = ListFormat::Text)]
        output: ListFormat,
    },
    /// Print a schema
    Show {
        /// Kind, or one of `governance`, `model`, `findings`, `regen`, `status`, `doctor`, `record`, `audit`, `trace`,
        /// `phx.toml`
        name: String,
        /// Schema version [default: the newest]
        #[arg(long, value_name = "VERSION")]
        schema_version: Option<String>,
    },
}

/// Print a completion script for a shell
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// Shell to print the script for
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Print or install the manual pages
///
/// Prints the page of phx or of COMMAND in roff format.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Command to describe [default: phx itself]
    pub command: Option<String>,

    /// Write the pages of all commands to DIR/man1, for example with `~/.local/share/man` as DIR; create missing
    /// directories
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, conflicts_with = "command")]
    pub install: Option<PathBuf>,
}
