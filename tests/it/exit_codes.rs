//! Exit codes of `phx validate`, and closed output streams.

use crate::support::{Repo, clean_document, document};

#[test]
fn exits_with_0_if_clean_and_1_with_findings() {
    let repo = Repo::new();
    repo.write("a.md", clean_document());
    repo.run(&["validate"]).exits(0);
    repo.write("b.md", document("", "")).run(&["validate"]).exits(1);
}

#[test]
fn a_usage_error_exits_with_2() {
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
fn a_missing_file_exits_with_2_after_validating_the_others() {
    let repo = Repo::new();
    repo.write("b.md", document("", ""));
    repo.run(&["validate", "-o", "concise", "nothing.md", "b.md"]).exits(2);
}

#[test]
fn no_governed_documents_exits_with_3() {
    let repo = Repo::new();
    repo.write("docs/free.md", "# Free\n").write("src/x.rs", "");
    repo.run(&["validate"]).exits(3);
    repo.run(&["validate", "docs"]).exits(3);
    repo.run(&["validate", "src"]).exits(3);
    repo.run(&["validate", "--allow-empty"]).exits(0);
    repo.run(&["validate", "docs", "--allow-empty"]).exits(0);
}

#[test]
fn a_named_ungoverned_file_exits_with_0() {
    let repo = Repo::new();
    repo.write("free.md", "# Free\n");
    let run = repo.run(&["validate", "free.md"]).exits(0);
    assert_eq!(run.stderr, "0 governed, 1 ignored\n");
}

#[cfg(unix)]
#[test]
fn a_closed_standard_output_is_not_an_error() {
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
fn a_closed_standard_error_is_not_an_error() {
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
