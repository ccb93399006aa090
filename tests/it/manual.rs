//! Completions and manual pages.

use crate::support::Repo;

#[test]
fn completions_are_made_for_every_shell() {
    for (shell, sign) in [
        ("bash", "complete -o nospace -o bashdefault -o nosort -F _clap_complete_phx phx"),
        ("zsh", "#compdef phx"),
        ("fish", "complete --keep-order --exclusive --command phx"),
        ("powershell", "Register-ArgumentCompleter"),
        ("elvish", "edit:completion"),
    ] {
        Repo::new().run(&["completions", shell]).exits(0).finds(sign);
    }
    Repo::new().run(&["completions", "sh"]).exits(2);
}

/// What a shell is offered for the last of some words.
fn completed(repo: &Repo, words: &[&str]) -> Vec<String> {
    let mut command = repo.command(&[&["--", "phx"], words].concat());
    let index = words.len().to_string();
    command.envs([
        ("COMPLETE", "bash"),
        ("_CLAP_COMPLETE_INDEX", &index),
        ("_CLAP_IFS", "\n"),
        ("_CLAP_COMPLETE_COMP_TYPE", "9"),
    ]);
    let run = crate::support::Run::of(command.output().unwrap()).exits(0);
    run.stdout.lines().map(|line| line.trim().to_owned()).collect()
}

#[test]
fn words_are_those_of_the_repository() {
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
fn manual_pages_of_all_commands_are_written_to_a_folder_that_need_not_be_there() {
    let repo = Repo::bare();
    repo.run(&["man", "--install", "share/man"]).exits(0).says("pages written to share/man/man1");
    assert!(repo.read("share/man/man1/phx.1").starts_with(".ie"));
    assert!(repo.read("share/man/man1/phx-validate.1").contains(".TH phx-validate 1"));
    assert!(repo.read("share/man/man1/phx-hook-install.1").contains("pre\\-push"));
    repo.write("file", "").run(&["man", "--install", "file"]).exits(2).says("cannot write");
}

#[test]
fn manual_pages_are_made_for_every_command() {
    let page = Repo::new().run(&["man"]).exits(0).finds(".TH phx 1");
    assert!(page.stdout.contains("validate"));
    Repo::new().run(&["man", "validate"]).exits(0).finds("\\-\\-fail\\-on");
    Repo::new().run(&["man", "validat"]).exits(2).says("did you mean `validate`?");
}

#[test]
fn every_command_and_option_has_help() {
    let help = Repo::new().run(&["--help"]).exits(0).stdout;
    let commands: Vec<&str> = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(commands.contains(&"validate") && commands.len() > 7, "{commands:?}");
    for command in commands.into_iter().filter(|command| *command != "help") {
        let help = Repo::new().run(&[command, "--help"]).exits(0).stdout;
        assert!(!help.starts_with("Usage"), "`{command} --help` says what it is for first");
    }
}
