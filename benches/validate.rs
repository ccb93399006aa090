//! Ratios of `phx validate` to a lower bound and to similar tools within one run.
//!
//! Two trees: 10,000 governed documents of 8 KB in 100 folders, and 40,000 Markdown files with unrelated front matter.
//! The lower bound is `rg -c '^---$'` on the same tree, which reads every file and finds its front matter. `rumdl` and
//! `check-jsonschema` (PyPI) are measured if they are installed. The commands run in turns, several times each, and the
//! median is reported.
#![allow(missing_docs, clippy::disallowed_methods, clippy::unwrap_used)]

use std::path::Path;
use std::process::Command;

mod measure;

use measure::{NOW, compare, governed_document, write_tree};

fn main() {
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (governed, ungoverned) = (folder.path().join("governed"), folder.path().join("ungoverned"));
    write_tree(&governed, 10_000, governed_document);
    write_tree(&ungoverned, 40_000, ungoverned_page);
    let schema = folder.path().join("schema.json");
    std::fs::write(&schema, "{\"type\": \"object\"}").unwrap();

    let phx = env!("CARGO_BIN_EXE_phx");
    let validate = |tree: &Path| {
        let mut command = Command::new(phx);
        command.args(["validate", "-q", "--allow-empty", "--now", NOW]).arg(tree).current_dir(folder.path());
        command
    };
    let rg = |tree: &Path| {
        let mut command = Command::new("rg");
        command.args(["-c", "^---$"]).arg(tree);
        command
    };
    let rumdl = |tree: &Path| {
        let mut command = Command::new("rumdl");
        command.args(["check", "--no-cache", "--silent", "--enable", "MD072"]).arg(tree);
        command
    };
    let checker = |tree: &Path| {
        let mut command = Command::new("check-jsonschema");
        command.arg("--schemafile").arg(&schema).arg(tree.join("d0/0.md"));
        command
    };
    let one = governed.join("d0/0.md");
    let version = || {
        let mut command = Command::new(phx);
        command.arg("--version");
        command
    };

    println!("governed tree: 10,000 documents of 8 KB");
    compare(&[
        ("rg (lower bound)", &|| rg(&governed)),
        ("phx validate", &|| validate(&governed)),
        ("rumdl, one rule", &|| rumdl(&governed)),
    ]);
    println!("ungoverned tree: 40,000 files");
    compare(&[("rg (lower bound)", &|| rg(&ungoverned)), ("phx validate", &|| validate(&ungoverned))]);
    println!("one document");
    compare(&[
        ("true", &|| Command::new("true")),
        ("phx --version", &version),
        ("phx validate", &|| validate(&one)),
        ("check-jsonschema", &|| checker(&governed)),
    ]);
}

fn ungoverned_page(index: usize) -> String {
    let prose = "Some words of prose that fill the page.\n".repeat(40);
    format!("---\ntitle: Page {index}\ntags: [a, b]\ndate: 2025-01-01\n---\n\n# Page {index}\n\n{prose}")
}
