//! `phx man`: print a manual page, or write those of all commands.

use std::path::Path;

use clap::{Command, CommandFactory};
use clap_mangen::Man;

use super::session::Session;
use crate::cli::{self, Cli};
use crate::failure::{CLEAN, Failure};
use crate::system::disk;
use crate::text::suggest;

/// Runs the command.
pub fn run(session: &Session, arguments: &cli::ManArgs) -> Result<u8, Failure> {
    let mut command = Cli::command();
    command.build();
    if let Some(folder) = &arguments.install {
        let count = install(&command, "phx", &folder.join("man1"))?;
        session.notice(&format!("{count} pages written to {}", folder.join("man1").display()));
        return Ok(CLEAN);
    }
    if let Some(name) = &arguments.command {
        let names: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
        let near = suggest::did_you_mean(name, names.iter().copied());
        let unknown = Failure::usage(format!("there is no command `{name}`{near}")).hint(names.join(", "));
        let found = command.find_subcommand(name).cloned();
        command = found.ok_or(unknown)?;
    }
    Session::print(&String::from_utf8_lossy(&page(command)?))?;
    Ok(CLEAN)
}

/// Writes the page of a command and those of its subcommands; how many they are.
fn install(command: &Command, name: &str, folder: &Path) -> Result<usize, Failure> {
    let file = folder.join(format!("{name}.1"));
    disk::keep(&file, &page(command.clone().display_name(name))?)
        .map_err(|error| Failure::usage(format!("cannot write `{}`: {}", file.display(), disk::explain(&error))))?;
    let mut count = 1;
    for subcommand in command.get_subcommands().filter(|command| command.get_name() != "help") {
        count += install(subcommand, &format!("{name}-{}", subcommand.get_name()), folder)?;
    }
    Ok(count)
}

fn page(command: Command) -> Result<Vec<u8>, Failure> {
    let mut page = Vec::new();
    let title = command.get_display_name().unwrap_or(command.get_name()).to_owned();
    let rendered = Man::new(command).title(title).render(&mut page);
    rendered.map_err(|error| Failure::internal(format!("the manual page cannot be made: {error}")))?;
    Ok(page)
}
