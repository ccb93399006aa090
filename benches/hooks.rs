//! Ratios within one run: `git commit` with the hooks of phx to `git commit` with empty hooks, and a hook without
//! governed files to `git diff --cached`.
//!
//! Two repositories: 10,000 documents of 8 KB with one of them staged, and 100,000 files with five documents. All
//! variants commit in turns in the same repository.
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
    let [documents, files, empty] = ["documents", "files", "empty"].map(|name| folder.path().join(name));
    write_tree(&documents, 10_000, governed_document);
    write_tree(&files, 5, governed_document);
    for index in 0..100_000 {
        let folder = files.join(format!("src/{}/{}", index / 1000, index / 50 % 20));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{index}.txt")), format!("{index}\n")).unwrap();
    }
    std::fs::create_dir(&empty).unwrap();
    for hook in ["pre-commit", "commit-msg", "pre-merge-commit"] {
        write_empty_hook(&empty.join(hook));
    }
    for (title, root) in [("10,000 documents, one staged", &documents), ("100,000 files, five documents", &files)] {
        prepare(root);
        println!("{title}");
        compare(&[
            ("git commit", &|| commit(root, Path::new("/nowhere"), "Priority 1: ")),
            ("empty hooks", &|| commit(root, &empty, "Priority 1: ")),
            ("phx, checking", &|| commit(root, Path::new(".git/hooks"), "Priority 1: ")),
            ("phx, writing", &|| commit(root, Path::new(".git/hooks"), "**Points**: ")),
        ]);
        std::fs::write(root.join("plain.txt"), "not governed").unwrap();
        assert!(git(root, &["add", "plain.txt"]).status().unwrap().success());
        println!("{title}, no governed document staged");
        compare(&[
            ("git diff --cached", &|| git(root, &["diff", "--cached", "--name-only"])),
            ("phx hook run", &|| phx(root, &["hook", "run", "pre-commit"])),
        ]);
    }
}

#[cfg(unix)]
fn write_empty_hook(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, "#!/bin/sh\nexit 0\n").unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[cfg(not(unix))]
fn write_empty_hook(path: &Path) {
    std::fs::write(path, "#!/bin/sh\nexit 0\n").unwrap();
}

fn git(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=Ines", "-c", "user.email=ines@harbor.example", "-c", "gc.auto=0"]).args(arguments);
    command.current_dir(root).env("PHX_NOW", NOW);
    command
}

fn phx(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_phx"));
    command.args(arguments).current_dir(root).env("PHX_NOW", NOW);
    command
}

fn prepare(root: &Path) {
    assert!(phx(root, &["regen", "-q"]).status().unwrap().success());
    for arguments in [&["init", "-q"][..], &["add", "-A"], &["commit", "-qm", "first"]] {
        assert!(git(root, arguments).status().unwrap().success());
    }
    assert!(phx(root, &["hook", "install", "-q"]).status().unwrap().success());
}

/// Increments the number after `word` in one document, stages it, and returns the commit command.
fn commit(root: &Path, hooks: &Path, word: &str) -> Command {
    let file = root.join("d0/0.md");
    let text = std::fs::read_to_string(&file).unwrap();
    let at = text.find(word).unwrap() + word.len();
    let rest = &text[at..];
    let end = rest.find([' ', '\n']).unwrap();
    let number: u64 = rest[..end].parse().unwrap_or(0) + 1;
    std::fs::write(&file, format!("{}{number}{}", &text[..at], &rest[end..])).unwrap();
    assert!(git(root, &["add", "d0/0.md"]).status().unwrap().success());
    let mut command = git(root, &["-c", &format!("core.hooksPath={}", hooks.display())]);
    command.args(["commit", "-qm", "change"]);
    command
}
