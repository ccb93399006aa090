//! Groups of commands in `phx --help`.

use clap::{Command, CommandFactory};

use super::Cli;

/// Headings and the commands below them. Each command is in one group.
const GROUPS: &[(&str, &[&str])] = &[
    ("Documents", &["validate", "regen", "status", "new", "inspect"]),
    ("Git", &["review", "hook", "merge-driver", "trace", "audit"]),
    ("Systems", &["doctor"]),
    ("Reference", &["explain", "rules", "schema", "completions", "man"]),
];

/// Returns the command line with grouped commands in its help.
pub(crate) fn grouped() -> Command {
    let mut command = Cli::command();
    let mut list = String::new();
    for (heading, names) in GROUPS {
        list.push_str(&format!("\n{heading}:\n"));
        for name in *names {
            let about = command.find_subcommand(name).and_then(Command::get_about).map(ToString::to_string);
            list.push_str(&format!("  {name:13} {}\n", about.unwrap_or_default()));
        }
    }
    // The list takes the place of clap's own, which has no groups.
    for name in GROUPS.iter().flat_map(|(_, names)| *names) {
        command = command.mut_subcommand(name, |subcommand| subcommand.hide(true));
    }
    command.override_usage("phx [OPTIONS] <COMMAND>").help_template(format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n{list}\n{{all-args}}{{after-help}}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_command_is_in_one_group() {
        let mut grouped: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| *names).copied().collect();
        grouped.sort_unstable();
        let mut all: Vec<String> =
            Cli::command().get_subcommands().map(|command| command.get_name().to_owned()).collect();
        all.sort_unstable();
        assert_eq!(grouped, all);
    }
}
