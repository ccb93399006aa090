//! `phx man`: print a manual page.

use clap::CommandFactory;
use clap_mangen::Man;

use super::session::Session;
use crate::cli::{self, Cli};
use crate::failure::{CLEAN, Failure};
use crate::text::suggest;

/// Runs the command.
pub fn run(arguments: &cli::Man) -> Result<u8, Failure> {
    let mut command = Cli::command();
    command.build();
    if let Some(name) = &arguments.command {
        let names: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
        let near = suggest::did_you_mean(name, names.iter().copied());
        let unknown = Failure::usage(format!("there is no command `{name}`{near}")).hint(names.join(", "));
        let found = command.find_subcommand(name).cloned();
        command = found.ok_or(unknown)?;
    }
    let mut page = Vec::new();
    let rendered = Man::new(command).render(&mut page);
    rendered.map_err(|error| Failure::internal(format!("the manual page cannot be made: {error}")))?;
    Session::print(&String::from_utf8_lossy(&page))?;
    Ok(CLEAN)
}
