//! The examples that ship do what they say.

use std::path::Path;

use crate::support::{Repo, Run, package};

/// Copies an example to a repository of its own and validates it there.
fn run(example: &str, now: &str) -> Run {
    let repo = Repo::new();
    copy(&package().join("examples").join(example), &repo.path());
    repo.run(&["--now", now, "validate"])
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

fn expected(path: &str) -> String {
    std::fs::read_to_string(package().join("examples").join(path)).unwrap()
}

#[test]
fn first_steps() {
    run("01_first_steps", "2025-06-06T00:00:00Z").exits(0).prints(&expected("01_first_steps/expected.txt"));
    run("01_first_steps", "2025-06-18T00:00:00Z").exits(1).prints(&expected("01_first_steps/expected-late.txt"));
}
