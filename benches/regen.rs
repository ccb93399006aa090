//! Ratios of `phx regen --check` to `phx validate` and to cog within one run.
//!
//! Two trees of 10,000 documents of 8 KB: one after `phx regen`, one in which all blocks are outdated. If cog (PyPI,
//! `cogapp`) is installed, it runs on the same number of files of the same size with blocks that count the same. The
//! commands run in turns, several times each, and the median is reported.
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
    let [outdated, current, cog] = ["outdated", "current", "cog"].map(|name| folder.path().join(name));
    write_tree(&outdated, 10_000, governed_document);
    write_tree(&current, 10_000, governed_document);
    write_tree(&cog, 10_000, cog_document);
    let list = folder.path().join("cog.list");
    let files: Vec<String> = (0..10_000).map(|n| format!("{}/d{}/{n}.md\n", cog.display(), n % 100)).collect();
    std::fs::write(&list, files.concat()).unwrap();

    let phx = |arguments: &[&str], tree: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_phx"));
        command.args(["-q", "--now", NOW]).args(arguments).arg(tree).current_dir(folder.path());
        command
    };
    let cog_of = |argument: &str| {
        let mut command = Command::new("cog");
        command.args(["--check", argument]);
        command
    };
    assert!(phx(&["regen"], &current).status().unwrap().success());

    println!("10,000 documents of 8 KB, all up to date");
    compare(&[
        ("phx validate", &|| phx(&["validate"], &current)),
        ("phx regen --check", &|| phx(&["regen", "--check"], &current)),
        ("cog --check", &|| cog_of(&format!("@{}", list.display()))),
    ]);
    println!("10,000 documents of 8 KB, all outdated");
    compare(&[
        ("phx validate", &|| phx(&["validate"], &outdated)),
        ("phx regen --check", &|| phx(&["regen", "--check"], &outdated)),
    ]);
    println!("one document");
    let (one, one_cog) = (current.join("d0/0.md"), cog.join("d0/0.md"));
    compare(&[
        ("phx regen --check", &|| phx(&["regen", "--check"], &one)),
        ("true", &|| Command::new("true")),
        ("cog --check", &|| cog_of(&one_cog.display().to_string())),
    ]);
}

/// Returns the same features with cog blocks that count them in Python.
fn cog_document(index: usize) -> String {
    let count = |label: &str, expression: &str, value: usize| {
        format!(
            "<!-- [[[cog\nimport re\ntext = open(cog.inFile).read()\npoints = [int(n) for n in re.findall(r'Points\\*\\*: (\\d+)', text)]\n\
             cog.outl(f'{label}: {{{expression}}}')\n]]] -->\n{label}: {value}\n<!-- [[[end]]] -->\n\n"
        )
    };
    let text = governed_document(index);
    let features = text.matches("**Points**: 5").count();
    let start = text.find("### Priority 1").unwrap();
    let end = text.find("## Risk Assessment").unwrap();
    let first = count("Total Features", "len(points)", features);
    let second = count("Story Points", "sum(points)", 5 * features);
    format!("{first}{}{second}", &text[start..end])
}
