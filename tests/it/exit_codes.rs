//! Exit codes, one after the other.

use crate::support::{Repo, clean_document, document};

#[test]
fn clean_is_zero_and_findings_are_one() {
    let repo = Repo::new();
    repo.write("a.md", clean_document());
    repo.run(&["validate"]).exits(0);
    repo.write("b.md", document("", "")).run(&["validate"]).exits(1);
}

#[test]
fn a_wrong_call_is_two() {
    let repo = Repo::new();
    repo.write("a.md", clean_document());
    repo.run(&["validate", "--nonsense"]).exits(2);
    repo.run(&["nonsense"]).exits(2);
    repo.run(&["-C", "nowhere", "validate"]).exits(2);
    repo.run(&["validate", "-o", "jsn"]).exits(2);
    repo.run(&["validate", "-o", "json", "-o", "text"]).exits(2);
    repo.run(&["validate", "-o", "json=x", "-o", "sarif=x"]).exits(2);
    repo.run(&["validate", "-o", "json=no/such/folder/x"]).exits(2);
}

#[test]
fn a_named_file_that_is_not_there_is_two_and_the_others_are_still_checked() {
    let repo = Repo::new();
    repo.write("b.md", document("", ""));
    let run = repo.run(&["validate", "-o", "concise", "nothing.md", "b.md"]).exits(2);
    run.recorded();
}

#[test]
fn nothing_governed_is_three() {
    let repo = Repo::new();
    repo.write("docs/free.md", "# Free\n").write("src/x.rs", "");
    repo.run(&["validate"]).exits(3);
    repo.run(&["validate", "docs"]).exits(3);
    repo.run(&["validate", "src"]).exits(3);
    repo.run(&["validate", "--allow-empty"]).exits(0);
    repo.run(&["validate", "docs", "--allow-empty"]).exits(0);
}

#[test]
fn a_named_file_that_is_not_governed_is_zero() {
    let repo = Repo::new();
    repo.write("free.md", "# Free\n");
    let run = repo.run(&["validate", "free.md"]).exits(0);
    assert_eq!(run.stderr, "0 governed, 1 ignored\n");
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_is_no_failure() {
    let repo = Repo::new();
    for index in 0..2000 {
        repo.write(&format!("{index}.md"), document("", "# T\n"));
    }
    let mut command = repo.command(&["validate", "-q"]);
    let mut child = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(1));
}

#[cfg(unix)]
#[test]
fn a_closed_standard_error_is_no_failure() {
    let repo = Repo::new();
    repo.write("a.md", clean_document());
    let mut command = repo.command(&["validate", "-v"]);
    let mut child = command.stderr(std::process::Stdio::piped()).spawn().unwrap();
    drop(child.stderr.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn help_lists_the_exit_codes() {
    Repo::new().run(&["--help"]).exits(0);
    let version = Repo::new().run(&["--version"]);
    version.exits(0);
}
