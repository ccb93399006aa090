//! Help texts of every command, and pages of all rules and checks.

use crate::support::Repo;

/// Returns the names of the subcommands in a help text.
fn subcommands(help: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut is_list = false;
    for line in help.lines() {
        match line.strip_prefix("  ") {
            None if line.is_empty() => {}
            None => is_list = line.ends_with(':') && !line.starts_with("Options") && line != "Exit codes:",
            Some(entry) if is_list && !entry.starts_with([' ', '-', '<', '[']) => {
                names.extend(entry.split_whitespace().next().map(str::to_owned));
            }
            Some(_) => {}
        }
    }
    names.retain(|name| name != "help");
    names
}

/// Asserts that each option and argument of a long help text is followed by its description.
fn assert_described(help: &str, command: &str) {
    let lines: Vec<&str> = help.lines().collect();
    let mut is_entry = false;
    for (at, line) in lines.iter().enumerate() {
        if !line.starts_with(' ') {
            is_entry = line.ends_with("ptions:") || *line == "Arguments:";
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        if is_entry && indent < 10 && line.trim_start().starts_with(['-', '<', '[']) {
            let is_described = line.trim().contains("  ")
                || lines.get(at + 1).is_some_and(|next| next.starts_with("          ") && !next.trim().is_empty());
            assert!(is_described, "`{command}`: no description of `{}`", line.trim());
        }
    }
}

fn visit(repo: &Repo, words: &[&str], seen: &mut Vec<String>) {
    let help = repo.run(&[words, &["--help"]].concat()).exits(0).stdout;
    let name = [&["phx"], words].concat().join(" ");
    assert!(!help.starts_with("Usage"), "`{name}` has no description");
    assert_described(&help, &name);
    for subcommand in subcommands(&help) {
        visit(repo, &[words, &[subcommand.as_str()]].concat(), seen);
    }
    seen.push(name);
}

#[test]
fn every_command_and_option_has_help() {
    let mut seen = Vec::new();
    visit(&Repo::new(), &[], &mut seen);
    for command in ["phx", "phx validate", "phx hook install", "phx audit verify"] {
        assert!(seen.iter().any(|name| name == command), "{command} is not in {seen:?}");
    }
}

#[test]
fn short_help_fits_a_screen() {
    Repo::new().run(&["-h"]).exits(0);
}

#[test]
fn every_rule_has_a_page() {
    let repo = Repo::new();
    for rule in repo.run(&["rules", "-o", "json"]).exits(0).json().as_array().unwrap() {
        repo.run(&["explain", rule["rule"].as_str().unwrap()]).exits(0);
    }
}

#[test]
fn every_check_has_a_page() {
    let repo = Repo::bare();
    let list = repo.run(&["doctor", "--list-checks"]).exits(0).stdout;
    let ids: Vec<&str> = list.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(ids.len() > 100, "{list}");
    for id in ids {
        repo.run(&["doctor", "--explain", id]).exits(0);
    }
}
