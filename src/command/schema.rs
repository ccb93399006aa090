//! `phx schema`: lists and prints schemas.

use serde_json::{Value, json};

use super::session::Session;
use crate::cli::{ListFormat, SchemaCommand};
use crate::failure::{CLEAN, Failure};
use crate::schema::{Catalog, embedded};
use crate::text::suggest;

/// Schemas without a version.
const UNVERSIONED: &[(&str, &str)] = &[
    ("model", embedded::MODEL),
    ("findings", embedded::FINDINGS),
    ("regen", embedded::REGEN),
    ("status", embedded::STATUS),
    ("doctor", embedded::DOCTOR),
    ("record", embedded::RECORD),
    ("audit", embedded::AUDIT),
    ("trace", embedded::TRACE),
    ("phx.toml", embedded::CONFIGURATION),
];

pub(super) fn run(session: &Session, arguments: SchemaCommand) -> Result<u8, Failure> {
    let catalog = session.project_from(&crate::workspace::Origin::Worktree)?.catalog;
    let text = match arguments {
        SchemaCommand::List { output } => list(&catalog, output),
        SchemaCommand::Show { name, schema_version } => show(&catalog, &name, schema_version.as_deref())?,
    };
    Session::print(&text)?;
    Ok(CLEAN)
}

fn list(catalog: &Catalog, output: ListFormat) -> String {
    let rows = catalog.versions().flat_map(|version| {
        let kinds = catalog.kinds(version).iter();
        kinds.map(move |kind| (version, kind.name.as_str(), kind.file.as_deref().unwrap_or(""), kind.window.as_str()))
    });
    match output {
        ListFormat::Text => rows
            .map(|(version, name, file, window)| {
                format!("{version:5} {name:22} {window:4} {file}").trim_end().to_owned() + "\n"
            })
            .collect(),
        ListFormat::Json => {
            let rows = rows.map(|(version, name, file, window)| {
                json!({ "version": version, "kind": name, "file": (!file.is_empty()).then_some(file), "window": window })
            });
            format!("{:#}\n", Value::Array(rows.collect()))
        }
    }
}

fn show(catalog: &Catalog, name: &str, version: Option<&str>) -> Result<String, Failure> {
    if let Some((_, text)) = UNVERSIONED.iter().find(|(known, _)| *known == name) {
        return Ok((*text).to_owned());
    }
    let version = version.unwrap_or(catalog.newest());
    if !catalog.versions().any(|known| known == version) {
        let (message, help) = catalog.unknown_version(version);
        return Err(Failure::usage(message).hint(help));
    }
    if let Some(schema) = catalog.schema(version, name) {
        return Ok(format!("{schema:#}\n"));
    }
    let kinds = catalog.kinds(version).iter().map(|kind| kind.name.as_str());
    let known: Vec<&str> = kinds.chain(["governance"]).chain(UNVERSIONED.iter().map(|(name, _)| *name)).collect();
    let near = suggest::did_you_mean(name, known.iter().copied());
    Err(Failure::usage(format!("unknown schema `{name}` in {version}{near}"))
        .hint(format!("known schemas: {}", known.join(", "))))
}
