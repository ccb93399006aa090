//! What the binary says of itself, as the fact `phx` of templates: `version`, `commands`, `rules`.

use clap::{Command, CommandFactory};
use serde_json::{Value, json};

use crate::cli::Cli;
use crate::rules::{RULES, Rule};

/// The fact.
pub fn facts() -> Value {
    let mut cli = Cli::command();
    cli.build();
    let rule = |rule: &&Rule| json!({ "name": rule.slug, "severity": rule.severity.name(), "summary": rule.summary });
    let commands = cli.get_subcommands().filter(|command| command.get_name() != "help");
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "commands": commands.map(command).collect::<Vec<_>>(),
        "rules": RULES.iter().map(rule).collect::<Vec<_>>(),
    })
}

/// `name`, `usage` without options, `about`.
fn command(command: &Command) -> Value {
    let arguments = command.get_positionals().map(|argument| {
        let name = argument.get_value_names().and_then(|names| names.first()).map_or("", |name| name.as_str());
        let several = argument.get_num_args().is_some_and(|count| count.max_values() > 1);
        let name = if several { format!("{name}…") } else { name.to_owned() };
        if argument.is_required_set() { format!(" {name}") } else { format!(" [{name}]") }
    });
    let parts: Vec<&str> = command.get_subcommands().map(Command::get_name).filter(|name| *name != "help").collect();
    let below = match parts.join("|") {
        parts if parts.is_empty() => parts,
        parts if command.is_subcommand_required_set() => format!(" {parts}"),
        parts => format!(" [{parts}]"),
    };
    json!({
        "name": command.get_name(),
        "usage": format!("phx {}{below}{}", command.get_name(), arguments.collect::<String>()),
        "about": command.get_about().map(ToString::to_string),
    })
}
