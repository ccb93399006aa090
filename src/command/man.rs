//! `phx man`: prints one manual page, or installs all of them.

use std::path::Path;

use clap::{Command, CommandFactory};
use clap_mangen::Man;

use super::session::Session;
use crate::cli::{self, Cli};
use crate::failure::{CLEAN, Failure};
use crate::system::disk;
use crate::text::suggest;

pub(super) fn run(session: &Session, arguments: &cli::ManArgs) -> Result<u8, Failure> {
    let mut command = Cli::command();
    command.build();
    if let Some(folder) = &arguments.install {
        let count = install(&command, "phx", &folder.join("man1"))?;
        session.notice(&format!("wrote {count} pages to {}", folder.join("man1").display()));
        return Ok(CLEAN);
    }
    if let Some(name) = &arguments.command {
        let names: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
        let near = suggest::did_you_mean(name, names.iter().copied());
        let unknown = Failure::usage(format!("unknown command `{name}`{near}"))
            .hint(format!("known commands: {}", names.join(", ")));
        let found = command.find_subcommand(name).cloned();
        command = found.ok_or(unknown)?;
    }
    Session::print(&String::from_utf8_lossy(&page(command)?))?;
    Ok(CLEAN)
}

/// Writes the pages of a command and its subcommands. Returns the number of pages.
fn install(command: &Command, name: &str, folder: &Path) -> Result<usize, Failure> {
    let file = folder.join(format!("{name}.1"));
    disk::replace_unsynced(&file, &page(command.clone().display_name(name))?)
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
    rendered.map_err(|error| Failure::internal(format!("cannot render the manual page: {error}")))?;
    Ok(page)
}
