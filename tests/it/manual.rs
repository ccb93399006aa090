//! Shell completions and manual pages of all commands.

use crate::support::Repo;

#[test]
fn generates_completions_for_every_shell() {
    let _transcript = crate::transcript::Transcript::of_this_test();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        Repo::new().run(&["completions", shell]).exits(0);
    }
    Repo::new().run(&["completions", "sh"]).exits(2);
}

/// Returns the completions of the last word.
fn completed(repo: &Repo, words: &[&str]) -> Vec<String> {
    let mut command = repo.command(&[&["--", "phx"], words].concat());
    let index = words.len().to_string();
    command.envs([
        ("COMPLETE", "bash"),
        ("_CLAP_COMPLETE_INDEX", &index),
        ("_CLAP_IFS", "\n"),
        ("_CLAP_COMPLETE_COMP_TYPE", "9"),
    ]);
    let run = repo.finish(&mut command).exits(0);
    run.stdout.lines().map(|line| line.trim().to_owned()).collect()
}

#[test]
fn completes_names_of_the_repository() {
    let repo = Repo::bare();
    repo.write(".phx/schemas/v1.0/tide-table.schema.json", "{}");
    repo.write("phx.toml", "[[doctor.ws]]\nname = \"harbour\"\nurl = \"ws://127.0.0.1:1/\"\n");
    assert_eq!(completed(&repo, &["explain", "stale-"]), ["stale-document", "stale-manual-section"]);
    assert_eq!(completed(&repo, &["validate", "-A", "unread-"]), ["unread-item"]);
    assert_eq!(completed(&repo, &["validate", "-o", "gi"]), ["github", "gitlab"]);
    assert_eq!(completed(&repo, &["new", "tide"]), ["tide-table"]);
    assert_eq!(completed(&repo, &["doctor", "ws.limit.ex"]), ["ws.limit.exact"]);
    assert_eq!(completed(&repo, &["doctor", "--target", ""]), ["harbour"]);
    assert_eq!(completed(&repo, &["doctor", "-o", "na"]), ["nagios"]);
}

#[test]
fn installs_manual_pages_into_a_new_directory() {
    let repo = Repo::bare();
    repo.run(&["man", "--install", "share/man"]).exits(0);
    assert!(repo.read("share/man/man1/phx.1").starts_with(".ie"));
    repo.note(&repo.read("share/man/man1/phx-validate.1"));
    repo.note(&repo.read("share/man/man1/phx-hook-install.1"));
    repo.write("file", "").run(&["man", "--install", "file"]).exits(2);
}

#[test]
fn generates_manual_pages_for_every_command() {
    Repo::new().run(&["man"]).exits(0);
    Repo::new().run(&["man", "validate"]).exits(0);
    Repo::new().run(&["man", "validat"]).exits(2);
}
