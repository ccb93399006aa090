//! Parse, run, exit code.

use std::process::ExitCode;

use clap::Parser;
use phx::cli::Cli;

fn main() -> ExitCode {
    match phx::command::run(Cli::parse()) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}
