//! Description of the program itself, as the fact `phx` of templates: `version`, `commands`, `rules`, `checks`, `kinds`, `configuration`.

use clap::{Arg, Command, CommandFactory};
use serde_json::{Value, json};

use crate::cli::Cli;
use crate::doctor;
use crate::rules::{RULES, Rule};
use crate::schema::embedded::{CONFIGURATION, SCHEMAS};

/// Returns the fact.
pub(super) fn facts() -> Value {
    let mut cli = Cli::command();
    cli.build();
    let rule = |rule: &&Rule| json!({ "name": rule.slug, "severity": rule.severity.name(), "summary": rule.summary });
    let check = |check: &&'static doctor::Check| json!({ "id": check.id, "claim": check.claim, "method": check.method, "side_effects": check.side_effects, "timeout_ms": check.deadline_ms });
    let commands = cli.get_subcommands().filter(|command| is_listed(command)).map(command);
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "commands": commands.collect::<Vec<_>>(),
        "options": cli.get_arguments().filter(|argument| argument.is_global_set()).map(option).collect::<Vec<_>>(),
        "rules": RULES.iter().map(rule).collect::<Vec<_>>(),
        "checks": doctor::checks().iter().map(check).collect::<Vec<_>>(),
        "kinds": SCHEMAS.iter().filter_map(|schema| kind(schema.kind, schema.text)).collect::<Vec<_>>(),
        "configuration": configuration(),
    })
}

fn is_listed(command: &Command) -> bool {
    command.get_name() != "help" && !command.is_hide_set()
}

/// `name`, `usage` without options, `about`, `options`, and the same of its subcommands in `commands`.
fn command(command: &Command) -> Value {
    let arguments = command.get_positionals().map(|argument| {
        let name = argument.get_value_names().and_then(|names| names.first()).map_or("", |name| name.as_str());
        let several = argument.get_num_args().is_some_and(|count| count.max_values() > 1);
        let name = if several { format!("{name}…") } else { name.to_owned() };
        if argument.is_required_set() { format!(" {name}") } else { format!(" [{name}]") }
    });
    let parts: Vec<&str> = command.get_subcommands().filter(|below| is_listed(below)).map(Command::get_name).collect();
    let below = match parts.join("|") {
        parts if parts.is_empty() => parts,
        parts if command.is_subcommand_required_set() => format!(" {parts}"),
        parts => format!(" [{parts}]"),
    };
    let own = |argument: &&Arg| {
        !argument.is_global_set()
            && !argument.is_hide_set()
            && !["help", "version"].contains(&argument.get_id().as_str())
    };
    json!({
        "name": command.get_name(),
        "usage": format!("phx {}{below}{}", command.get_name(), arguments.collect::<String>()),
        "about": command.get_about().map(ToString::to_string),
        "options": command.get_arguments().filter(own).map(option).collect::<Vec<_>>(),
        "commands": command.get_subcommands().filter(|below| is_listed(below)).map(self::command).collect::<Vec<_>>(),
    })
}

/// `flag` as a user types it, with the name of its value, and `help`.
fn option(argument: &Arg) -> Value {
    let short = argument.get_short().map(|short| format!("-{short}"));
    let long = argument.get_long().map(|long| format!("--{long}"));
    let flags: Vec<String> = short.into_iter().chain(long).collect();
    let names = argument.get_value_names().unwrap_or_default();
    let value = names.first().filter(|_| argument.get_action().takes_values());
    let flag = match (flags.is_empty(), value) {
        (true, value) => value.map_or_else(String::new, ToString::to_string),
        (false, Some(value)) => format!("{} <{value}>", flags.join(", ")),
        (false, None) => flags.join(", "),
    };
    json!({ "flag": flag, "help": argument.get_help().map(ToString::to_string) })
}

/// `name`, `title`, `file`, `description`, `window` of a kind, from its schema. Schemas that are not of kinds have no `x-kind`.
fn kind(name: &str, schema: &str) -> Option<Value> {
    let schema: Value = serde_json::from_str(schema).ok()?;
    let described = schema.get("x-kind")?;
    Some(json!({
        "name": name,
        "title": schema["title"],
        "description": schema["description"],
        "file": described["file"],
        "window": described["window"],
    }))
}

/// `key` with its table, `type` and `description` of each key of the configuration.
fn configuration() -> Vec<Value> {
    let mut keys = Vec::new();
    if let Ok(schema) = serde_json::from_str::<Value>(CONFIGURATION) {
        add_keys(&schema, "", &mut keys);
    }
    keys
}

fn add_keys(schema: &Value, table: &str, keys: &mut Vec<Value>) {
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let key = if table.is_empty() { name.clone() } else { format!("{table}.{name}") };
        let items = &property["items"];
        let is_table = property.get("properties").is_some();
        let is_list_of_tables = items.get("properties").is_some();
        if !is_table && !is_list_of_tables || !table.is_empty() {
            keys.push(json!({ "key": key, "type": type_name(property), "description": property["description"] }));
        }
        if is_table {
            add_keys(property, &key, keys);
        } else if is_list_of_tables {
            add_keys(items, &format!("{key}[]"), keys);
        }
    }
}

fn type_name(property: &Value) -> String {
    if let Some(values) = property["enum"].as_array() {
        return values
            .iter()
            .filter_map(Value::as_str)
            .map(|value| format!("`{value}`"))
            .collect::<Vec<_>>()
            .join(", ");
    }
    match (&property["type"], &property["items"]["type"]) {
        (Value::String(list), Value::String(item)) if list == "array" => format!("list of {item}s"),
        (Value::String(list), _) if list == "array" => "list".to_owned(),
        (Value::String(object), _) if object == "object" => "table".to_owned(),
        (Value::String(name), _) => name.clone(),
        (Value::Array(names), _) => names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        _ => "any".to_owned(),
    }
}
