//! `phx completions`: print a completion script.

use clap::CommandFactory;

use super::session::Session;
use crate::cli::{Cli, Completions};
use crate::failure::{CLEAN, Failure};

/// Runs the command.
pub fn run(arguments: &Completions) -> Result<u8, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "phx", &mut script);
    Session::print(&String::from_utf8_lossy(&script))?;
    Ok(CLEAN)
}
