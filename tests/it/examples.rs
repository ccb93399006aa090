//! The examples in `examples/` and the README of phx.

use std::path::Path;

use crate::support::{Repo, Run, package};

/// Copies an example into a new repository.
fn copy_example(example: &str) -> Repo {
    let repo = Repo::new();
    copy(&package().join("examples").join(example), &repo.path());
    repo
}

fn run(example: &str, now: &str) -> Run {
    copy_example(example).run(&["--now", now, "validate"])
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn first_steps() {
    let repo = copy_example("01_first_steps");
    repo.run(&["--now", "2025-06-06T00:00:00Z", "regen", "--check"]).exits(0);
    run("01_first_steps", "2025-06-06T00:00:00Z").exits(0);
    run("01_first_steps", "2025-06-18T00:00:00Z").exits(1);
}

#[test]
fn true_numbers() {
    let repo = copy_example("02_true_numbers");
    let now = ["--now", "2025-06-06T00:00:00Z"];
    let regen = |more: &[&str]| repo.run(&[&now[..], &["regen"], more].concat());
    regen(&["--check", "--measured"]).exits(1);
    regen(&[]).exits(0);
    regen(&["--check", "--measured"]).exits(0);
    repo.run(&[&now[..], &["validate", "--fail-on", "warning"]].concat()).exits(0);
}

#[test]
fn the_book_matches_the_binary() {
    const COMMANDS: &str = "docs/src/reference/commands.md";
    let repo = Repo::new();
    copy(&package().join(".phx"), &repo.path().join(".phx"));
    copy(&package().join("docs/src"), &repo.path().join("docs/src"));
    for file in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "phx.toml"] {
        std::fs::copy(package().join(file), repo.path().join(file)).unwrap();
    }
    let now = "2026-12-01T00:00:00Z";
    repo.run(&["--now", now, "regen", "--check"]).exits(0);
    repo.run(&["--now", now, "validate", "--fail-on", "warning"]).exits(0);
    let edited = repo.read(COMMANDS).replace("`phx explain RULE`", "`phx explain`");
    repo.write(COMMANDS, edited).run(&["--now", now, "validate"]).exits(1);
}
