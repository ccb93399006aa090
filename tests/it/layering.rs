//! Module layers: modules that each module may import, and crates that each module may use.

use std::collections::BTreeMap;
use std::path::Path;

use crate::support::package;

/// Modules of the library, from the lowest layer up, with the modules that each may import.
const TABLE: &[(&str, &[&str])] = &[
    ("text", &[]),
    ("failure", &["text"]),
    ("system", &["failure"]),
    ("finding", &["text"]),
    ("document", &["text"]),
    ("corpus", &["text", "document"]),
    ("schema", &["text", "document", "finding", "failure"]),
    ("config", &["text", "finding", "failure"]),
    ("regen", &["text", "finding", "document", "corpus", "config"]),
    ("rules", &["text", "finding", "document", "corpus", "schema", "config", "regen"]),
    ("workspace", &["text", "system", "document", "corpus", "schema", "config", "regen", "finding", "failure"]),
    ("ledger", &["text", "system", "document", "corpus", "finding", "failure"]),
    (
        "validation",
        &[
            "text",
            "failure",
            "system",
            "finding",
            "document",
            "corpus",
            "schema",
            "config",
            "regen",
            "rules",
            "workspace",
            "ledger",
        ],
    ),
    (
        "hooks",
        &[
            "text",
            "failure",
            "system",
            "finding",
            "document",
            "corpus",
            "schema",
            "config",
            "regen",
            "rules",
            "workspace",
            "ledger",
            "validation",
        ],
    ),
    (
        "doctor",
        &[
            "text",
            "failure",
            "system",
            "finding",
            "document",
            "corpus",
            "schema",
            "config",
            "regen",
            "rules",
            "workspace",
            "ledger",
            "validation",
            "hooks",
        ],
    ),
    ("report", &["text", "finding", "corpus", "regen", "doctor"]),
    ("cli", &[]),
    (
        "command",
        &[
            "text",
            "failure",
            "system",
            "finding",
            "document",
            "corpus",
            "schema",
            "config",
            "regen",
            "rules",
            "workspace",
            "ledger",
            "validation",
            "hooks",
            "doctor",
            "report",
            "cli",
        ],
    ),
];

/// Crates that only some modules may use.
const CRATES: &[(&str, &[&str])] = &[
    ("clap", &["cli", "command"]),
    ("clap_complete", &["cli", "command"]),
    ("clap_mangen", &["command"]),
    ("miette", &["report"]),
    ("ignore", &["system"]),
    ("pulldown_cmark", &["document"]),
    ("granit_parser", &["document"]),
    ("jsonschema", &["schema"]),
    ("minijinja", &["regen"]),
    ("toml", &["config"]),
    ("globset", &["config"]),
    ("similar", &["regen"]),
    ("roxmltree", &["regen"]),
    ("rustix", &["system", "doctor"]),
    ("tokio", &["doctor"]),
    ("tokio_tungstenite", &["doctor"]),
    ("tokio_rustls", &["doctor"]),
    ("futures_util", &["doctor"]),
    ("hyper", &["doctor"]),
    ("tokio_postgres", &["doctor"]),
    ("rusqlite", &["doctor"]),
    ("mysql_async", &["doctor"]),
    ("libc", &["doctor"]),
];

fn sources(directory: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Returns the module, the path and the text without `#[cfg(test)]` of each source file.
fn modules() -> Vec<(String, String, String)> {
    let src = package().join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    files.sort();
    assert!(files.len() > 50, "the source files were not found");
    let read = |file: &std::path::PathBuf| {
        let inside = file.strip_prefix(&src).unwrap();
        let first = inside.components().next().unwrap().as_os_str().to_string_lossy();
        let module = first.trim_end_matches(".rs").to_owned();
        let text = std::fs::read_to_string(file).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap().split("#![cfg(test)]").next().unwrap().to_owned();
        (module, inside.to_string_lossy().into_owned(), text)
    };
    files.iter().map(read).collect()
}

/// Returns the names after `prefix` in a source; for `crate::`, both `use crate::a::b` and `crate::a::b` give `a`.
fn names_after(text: &str, prefix: &str) -> Vec<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let mut names = Vec::new();
    for line in code {
        for (at, _) in line.match_indices(prefix) {
            let rest = &line[at + prefix.len()..];
            let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
            names.push(rest[..end].to_owned());
        }
    }
    names
}

#[test]
fn a_module_imports_only_what_the_table_lists() {
    let table: BTreeMap<&str, &[&str]> = TABLE.iter().copied().collect();
    let mut wrong = Vec::new();
    for (module, file, text) in modules() {
        if module == "main" || module == "lib" {
            continue;
        }
        let Some(allowed) = table.get(module.as_str()) else {
            wrong.push(format!("src/{file}: the module `{module}` is not in the table"));
            continue;
        };
        for name in names_after(&text, "crate::") {
            if name != module && !allowed.contains(&name.as_str()) {
                wrong.push(format!("src/{file}: `{module}` imports `{name}`"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_lists_only_lower_layers() {
    for (index, (module, allowed)) in TABLE.iter().enumerate() {
        for name in *allowed {
            let below = TABLE[..index].iter().any(|(other, _)| other == name);
            assert!(below, "`{module}` may import `{name}`, which is in a higher layer");
        }
    }
}

#[test]
fn a_crate_is_used_only_in_its_modules() {
    let mut wrong = Vec::new();
    for (module, file, text) in modules() {
        for (name, users) in CRATES {
            let used = text.lines().any(|line| {
                let line = line.trim_start();
                !line.starts_with("//") && line.contains(&format!("{name}::"))
            });
            if used && module != "main" && !users.contains(&module.as_str()) {
                wrong.push(format!("src/{file} uses `{name}`"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_has_a_purpose_line_and_a_size_limit() {
    let mut wrong = Vec::new();
    for (module, file, text) in modules() {
        if !text.starts_with("//! ") {
            wrong.push(format!("src/{file} has no purpose line"));
        }
        let lines = text.lines().count();
        let most = match module.as_str() {
            "main" => 30,
            "command" => 250,
            _ => 400,
        };
        if lines > most {
            wrong.push(format!("src/{file} has {lines} lines; the limit is {most}"));
        }
        if text.contains("println!(") {
            wrong.push(format!("src/{file} uses `println!`"));
        }
        if text.contains(".unwrap()") || text.contains("panic!(") {
            wrong.push(format!("src/{file} can panic"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
