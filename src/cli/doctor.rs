//! Command line of `phx doctor`.

use clap::Args;

const EXIT_CODES: &str = "\
Exit codes:
  0  at least one check ran, and none failed
  1  a check failed, or warned with --strict
  2  usage or configuration error
  3  a check was inconclusive, or no check ran
  4  internal error in phx
  130  interrupted; finished checks are printed
If `-o nagios` is the only output, the exit codes are those of Nagios plugins.";

/// Run black-box checks on the systems that documents describe
///
/// Each check verifies one claim on one target. Inconclusive checks never pass. Checks of the repository and of this
/// machine need no configuration. Other targets are configured in phx.toml: WebSocket servers in `[[doctor.ws]]`,
/// terminal hosts in `[[doctor.pty]]`, services in `[[doctor.ipc]]` and databases in `[[doctor.db]]`.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools)] // each is a separate flag
#[command(after_help = EXIT_CODES)]
pub struct DoctorArgs {
    /// Probes, check ids or globs to run, for example `ws`, `ws.limit`, `ws.limit.exact` or `*.exact` [default: all]
    #[arg(value_name = "CHECK")]
    pub checks: Vec<String>,

    /// Choose the format of the results, for example `json` or `junit=doctor.xml`; repeatable
    ///
    /// Formats: text, json, ndjson, junit, tap, prometheus, nagios, health+json, markdown
    #[arg(short, long, value_name = "FORMAT[=FILE]")]
    pub output: Vec<String>,

    /// Run checks only on the target NAME; repeatable
    #[arg(long, value_name = "NAME")]
    pub target: Vec<String>,

    /// Run fewer and shorter trials, at most 30 s per probe and target
    #[arg(long)]
    pub quick: bool,

    /// Run all checks without the limit of 60 s per probe and target
    #[arg(long, conflicts_with = "quick")]
    pub thorough: bool,

    /// Show what would run without running it
    #[arg(long)]
    pub dry_run: bool,

    /// Start programs that the configuration names without asking; $PHX_YES does the same
    #[arg(long)]
    pub yes: bool,

    /// Run the checks on built-in conforming and defective fixtures to verify the checks themselves
    #[arg(long, conflicts_with_all = ["dry_run", "target"])]
    pub self_test: bool,

    /// Exit with 1 on warnings
    #[arg(long)]
    pub strict: bool,

    /// List the checks with their claims
    #[arg(long)]
    pub list_checks: bool,

    /// Explain a check: its claim, method, side effects and timeout
    #[arg(long, value_name = "CHECK", conflicts_with = "list_checks")]
    pub explain: Option<String>,
}
