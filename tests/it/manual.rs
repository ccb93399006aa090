//! Completions and manual pages.

use crate::support::Repo;

#[test]
fn completions_are_made_for_every_shell() {
    for (shell, sign) in [
        ("bash", "_phx()"),
        ("zsh", "#compdef phx"),
        ("fish", "complete -c phx"),
        ("powershell", "Register-ArgumentCompleter"),
        ("elvish", "edit:completion"),
    ] {
        Repo::new().run(&["completions", shell]).exits(0).finds(sign);
    }
    Repo::new().run(&["completions", "sh"]).exits(2);
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
