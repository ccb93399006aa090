//! phx under pre-commit, prek, lefthook and husky, each installed from its own registry.
//!
//! `tests/run` installs them and sets `PHX_MANAGERS` to their directory; plain `cargo test` ignores these tests.

use std::path::{Path, PathBuf};

use crate::support::{Repo, Run, document, package};

const PLAN: &str = "docs/PLAN.md";

/// Directory with the programs of the hook managers.
fn managers() -> PathBuf {
    let folder = std::env::var_os("PHX_MANAGERS").map(PathBuf::from);
    folder.unwrap_or_else(|| panic!("PHX_MANAGERS is not set; run `tests/run`"))
}

/// Repository with a document that sums up its items.
fn repo() -> Repo {
    let body = "# Upcoming Features\n\n## Sprint Summary\n<!-- AUTO-GENERATED - DO NOT EDIT -->\nStory Points: 0\n<!-- END AUTO-GENERATED -->\n\n\
        Notes.\n\n### Priority 1: Now\n\n#### 1. Berth\n**Status**: Planned | **Points**: 8 | **Owner**: Ines\n**Target**: soon\n\n\
        **Deliverables**:\n- a page\n\n**Dependencies**: none\n\n## Risk Assessment\n\nLow.\n\n## Dependencies Status\n\nNone.\n";
    let text = document("  phase_number: 1\n  kind: upcoming-features\n", body)
        .replace("auto_sections: []", "auto_sections: [sprint_summary]");
    let repo = Repo::with_git();
    repo.write(PLAN, text).write("a.txt", "a\n");
    repo.run(&["regen"]).exits(0);
    repo.commit("first");
    repo
}

/// Runs a program of a hook manager, or git, with phx and the hook managers in `PATH` and an empty home directory.
fn run(repo: &Repo, managers: &Path, program: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Run {
    let mut command = if program == "git" {
        repo.git_command(arguments)
    } else {
        let mut command = std::process::Command::new(managers.join(program));
        command.args(arguments).current_dir(repo.path());
        command
    };
    let own = Path::new(env!("CARGO_BIN_EXE_phx")).parent().unwrap();
    let path = std::env::var_os("PATH").unwrap();
    let first = [own.to_path_buf(), managers.join("venv/bin"), managers.join("node_modules/.bin")];
    let all: Vec<PathBuf> = first.into_iter().chain(std::env::split_paths(&path)).collect();
    command.env("PATH", std::env::join_paths(all).unwrap()).env("PHX_NOW", crate::support::NOW);
    command.env("HOME", repo.path().join(".git")).env("PRE_COMMIT_HOME", repo.path().join(".git/home"));
    command.env("PREK_HOME", repo.path().join(".git/prek")).env_remove("PRE_COMMIT").env_remove("CI");
    Run::of(command.envs(environment.iter().copied()).output().unwrap())
}

/// Commits points without their sum while other lines are unstaged: the commit is rejected and nothing is lost. With
/// correct numbers it is accepted, and a stale document is accepted with a recorded override.
fn assert_commits_are_validated(repo: &Repo, managers: &Path) {
    let git = |arguments: &[&str], environment: &[(&str, &str)]| run(repo, managers, "git", arguments, environment);
    repo.write(PLAN, repo.read(PLAN).replace("**Points**: 8", "**Points**: 9")).git(&["add", PLAN]);
    repo.write(PLAN, repo.read(PLAN).replace("Notes.", "Notes, unfinished."));
    let before = repo.state();
    let rejected = git(&["commit", "-m", "nine"], &[]).exits(1);
    let output = rejected.stdout + &rejected.stderr;
    assert!(output.contains("`sprint_summary` is outdated: `Story Points` 8 → 9"), "{output}");
    assert_eq!(repo.state(), before);
    repo.run(&["regen", "--staged"]).exits(0);
    git(&["commit", "-m", "nine"], &[]).exits(0);
    assert!(repo.git(&["show", &format!("HEAD:{PLAN}")]).contains("Story Points: 9\n"));
    assert_eq!(repo.git(&["status", "--porcelain", PLAN]), format!(" M {PLAN}\n"));
    assert!(repo.read(PLAN).contains("Notes, unfinished."));
    repo.git(&["checkout", "-q", PLAN]);
    let late = [("PHX_NOW", "2025-10-01T00:00:00Z")];
    repo.write("a.txt", "b\n").git(&["add", "a.txt"]);
    git(&["commit", "-m", "late"], &late).exits(1);
    let override_ = [late[0], ("PHX_OVERRIDE", "release")];
    git(&["commit", "-m", "late"], &override_).exits(0);
    let message = repo.git(&["log", "-1", "--format=%B"]);
    assert!(message.contains("Phx-Override: release (stale-document; docs/PLAN.md)"), "{message}");
}

/// Asserts that the hooks of phx chain the hook of another manager and restore it.
fn assert_chained(repo: &Repo, managers: &Path) {
    let hook = repo.read(".git/hooks/pre-commit");
    repo.run(&["hook", "install"]).exits(0);
    repo.write(PLAN, repo.read(PLAN).replace("**Points**: 9", "**Points**: 10")).git(&["add", PLAN]);
    // The check of the manager runs first and rejects the commit.
    run(repo, managers, "git", &["commit", "-m", "ten"], &[]).exits(1);
    repo.run(&["regen", "--staged"]).exits(0);
    run(repo, managers, "git", &["commit", "-m", "ten"], &[]).exits(0);
    repo.run(&["hook", "uninstall"]).exits(0);
    assert_eq!(repo.read(".git/hooks/pre-commit"), hook);
}

/// Hook repository in the format that pre-commit and prek fetch.
fn published() -> Repo {
    let hooks = Repo::with_git();
    hooks
        .write(".pre-commit-hooks.yaml", std::fs::read(package().join(".pre-commit-hooks.yaml")).unwrap())
        .commit("hooks");
    hooks
}

fn with_hooks_file(program: &str) {
    let managers = managers();
    let (repo, hooks) = (repo(), published());
    let rev = hooks.git(&["rev-parse", "HEAD"]);
    let configuration = format!(
        "default_install_hook_types: [pre-commit, commit-msg, pre-merge-commit]\nrepos:\n  - repo: {}\n    rev: {}    hooks:\n      \
         - id: phx\n      - id: phx-merge\n      - id: phx-message\n",
        hooks.path().display(),
        rev
    );
    repo.write(".pre-commit-config.yaml", configuration).git(&["add", "-A"]);
    repo.git(&["commit", "-qm", "configure"]);
    run(&repo, &managers, program, &["install"], &[]).exits(0);
    assert_commits_are_validated(&repo, &managers);
    assert_chained(&repo, &managers);
}

#[test]
#[ignore = "needs hook managers: `tests/run` installs them"]
fn works_with_pre_commit() {
    with_hooks_file("venv/bin/pre-commit");
}

#[test]
#[ignore = "needs hook managers: `tests/run` installs them"]
fn works_with_prek() {
    with_hooks_file("venv/bin/prek");
}

#[test]
#[ignore = "needs hook managers: `tests/run` installs them"]
fn works_with_lefthook() {
    let managers = managers();
    let repo = repo();
    repo.write("lefthook.yml", std::fs::read(package().join("examples/hooks/lefthook.yml")).unwrap())
        .commit("configure");
    run(&repo, &managers, "node_modules/.bin/lefthook", &["install"], &[]).exits(0);
    assert_commits_are_validated(&repo, &managers);
    assert_chained(&repo, &managers);
}

#[test]
#[ignore = "needs hook managers: `tests/run` installs them"]
fn works_with_husky() {
    let managers = managers();
    let repo = repo();
    repo.write("package.json", "{}\n").commit("configure");
    run(&repo, &managers, "node_modules/.bin/husky", &[], &[]).exits(0);
    let refused = repo.run(&["hook", "install"]).exits(2);
    for hook in ["pre-commit", "commit-msg", "pre-merge-commit"] {
        let text = std::fs::read_to_string(package().join("examples/hooks/husky").join(hook)).unwrap();
        assert!(refused.stderr.contains(&format!("husky/{hook}`: {}", text.trim())), "{}", refused.stderr);
        repo.write(&format!(".husky/{hook}"), text);
    }
    repo.git(&["add", "-A"]);
    repo.git(&["commit", "-qm", "husky", "--no-verify"]);
    assert_commits_are_validated(&repo, &managers);
}
