//! The commands, one per file. Commands are thin: they parse options, call lower layers and print.

mod audit;
mod completions;
mod doctor;
mod explain;
mod findings;
mod fix;
mod hook;
mod inspect;
mod man;
mod merge_driver;
mod new;
mod program;
mod regen;
mod review;
mod rules;
mod schema;
mod session;
mod status;
mod trace;
mod validate;

use clap::FromArgMatches;

use crate::cli::{Cli, Command, grouped};
use crate::failure::Failure;
use session::Session;

/// Parses the command line. Exits after answering a completion request of a shell, or on a usage error.
pub fn parse() -> Cli {
    completions::answer();
    let matches = grouped().get_matches();
    Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
}

/// Runs a command and returns its exit code.
pub fn run(cli: Cli) -> Result<u8, Failure> {
    let Cli { global, command } = cli;
    let session = Session::new(&global)?;
    match command {
        Command::Validate(arguments) => validate::run(&session, &arguments),
        Command::Regen(arguments) => regen::run(&session, &arguments),
        Command::Status(arguments) => status::run(&session, &arguments),
        Command::Review(arguments) => review::run(&session, &arguments),
        Command::Hook(arguments) => hook::run(&session, &arguments),
        Command::MergeDriver(arguments) => merge_driver::run(&session, &arguments),
        Command::Trace(arguments) => trace::run(&session, &arguments),
        Command::Audit(arguments) => audit::run(&session, &arguments),
        Command::Doctor(arguments) => doctor::run(&session, &arguments),
        Command::New(arguments) => new::run(&session, arguments),
        Command::Inspect(arguments) => inspect::run(&session, &arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Rules(arguments) => rules::run(&arguments),
        Command::Schema(arguments) => schema::run(&session, arguments),
        Command::Completions(arguments) => completions::run(&arguments),
        Command::Man(arguments) => man::run(&session, &arguments),
    }
}
