//! The command line of `phx doctor`.

use clap::Args;

const EXIT_CODES: &str = "\
Exit codes:
  0  at least one check was done, and none failed
  1  a check failed, or warned under --strict
  2  called wrongly
  3  error: a check came to no verdict, or none was done
  4  phx itself failed
  130  interrupted; what was done is printed
With `-o nagios` alone the codes are those of its plugins.";

/// Verify from outside what documents say of the systems around them
///
/// Each check proves one thing on one subject. One that proved nothing is never green. The repository itself and this machine
/// need no configuration; servers, hosts of terminals, services and databases are named in phx.toml, under `[[doctor.ws]]`, `[[doctor.pty]]`,
/// `[[doctor.ipc]]` and `[[doctor.db]]`.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools)] // Each is a flag of its own.
#[command(after_help = EXIT_CODES)]
pub struct DoctorArgs {
    /// Probes and checks: `ws`, `ws.limit`, `ws.limit.exact`, `*.exact` [default: all]
    #[arg(value_name = "CHECK")]
    pub checks: Vec<String>,

    /// Format of the result, as `json` or `junit=doctor.xml`; repeatable
    ///
    /// text, json, ndjson, junit, tap, prometheus, nagios, health+json, markdown
    #[arg(short, long, value_name = "FORMAT[=FILE]")]
    pub output: Vec<String>,

    /// Only this subject; repeatable
    #[arg(long, value_name = "NAME")]
    pub target: Vec<String>,

    /// Fewer trials, shorter watches, and at most 30 s for each probe and target
    #[arg(long)]
    pub quick: bool,

    /// Run all checks to their end, instead of at most 60 s for each probe and target
    #[arg(long, conflicts_with = "quick")]
    pub thorough: bool,

    /// Only say what would be opened and started
    #[arg(long)]
    pub dry_run: bool,

    /// Start what the configuration of this clone names without asking; $PHX_YES does the same
    #[arg(long)]
    pub yes: bool,

    /// Run every check on built-in subjects, ones that conform and ones that do not: can it tell them apart?
    #[arg(long, conflicts_with_all = ["dry_run", "target"])]
    pub self_test: bool,

    /// A warning ends in exit code 1, too
    #[arg(long)]
    pub strict: bool,

    /// List the checks and what each claims
    #[arg(long)]
    pub list_checks: bool,

    /// Say what a check claims, how it finds out, and how long it may take
    #[arg(long, value_name = "CHECK", conflicts_with = "list_checks")]
    pub explain: Option<String>,
}
