//! Pre-commit hook: a commit has the correct numbers or is rejected, and the worktree keeps every byte that its author
//! typed.

use std::fmt::Write;

use crate::support::{Repo, Run, document};

/// Document with one feature for each entry of `points`, and an ungenerated summary.
pub(crate) fn plan(points: &[u32]) -> String {
    let mut body =
        "# Upcoming Features\n\n## Sprint Summary\n<!-- AUTO-GENERATED - DO NOT EDIT -->\nTotal Features: 0\n\
        Story Points: 0\n<!-- END AUTO-GENERATED -->\n\nNotes of Ines.\n\n### Priority 1: Now\n"
            .to_owned();
    for (at, points) in points.iter().enumerate() {
        let number = at + 1;
        write!(
            body,
            "\n#### {number}. Berth {number}\n**Status**: Planned | **Points**: {points} | **Owner**: Ines\n\
             **Target**: soon\n\n**Deliverables**:\n- a page\n\n**Dependencies**: none\n"
        )
        .unwrap();
    }
    body.push_str("\n## Risk Assessment\n<!-- MANUAL -->\n\nLow.\n\n## Dependencies Status\n\nNone.\n");
    document("  phase_number: 1\n  kind: upcoming-features\n", &body)
        .replace("auto_sections: []", "auto_sections: [sprint_summary]")
        .replace("manual_sections: []", "manual_sections: [risk_assessment]")
}

pub(crate) const PLAN: &str = "docs/PLAN.md";

/// Repository with installed hooks and a committed, regenerated document of two features and 13 points.
pub(crate) fn repo() -> Repo {
    with_plan(Repo::with_git())
}

pub(crate) fn with_plan(repo: Repo) -> Repo {
    repo.write(PLAN, plan(&[8, 5])).write("a.txt", "a\n");
    repo.run(&["regen"]).exits(0);
    repo.commit("first");
    repo.run(&["hook", "install"]).exits(0);
    repo.note(&repo.read(PLAN));
    repo
}

/// Changes points in the worktree, but not the numbers that depend on them.
pub(crate) fn change(repo: &Repo, old: u32, new: u32) {
    edit(repo, &format!("**Points**: {old} "), &format!("**Points**: {new} "));
}

#[track_caller]
pub(crate) fn edit(repo: &Repo, old: &str, new: &str) {
    let text = repo.read(PLAN);
    repo.note(&text);
    repo.write(PLAN, text.replacen(old, new, 1));
}

pub(crate) fn commit(repo: &Repo, arguments: &[&str]) -> Run {
    let all: Vec<&str> = ["commit", "-q", "-m", "change"].iter().chain(arguments).copied().collect();
    repo.try_git(&all, &[])
}

pub(crate) fn git_show(repo: &Repo, name: &str) -> String {
    repo.git(&["show", name])
}

/// Asserts that commit, index and worktree have the same document with this sum of points.
#[track_caller]
pub(crate) fn assert_consistent(repo: &Repo, points: u32) {
    let committed = git_show(repo, &format!("HEAD:{PLAN}"));
    let (_, written) = committed.split_once("Story Points: ").unwrap();
    assert_eq!(written.lines().next().unwrap(), points.to_string(), "{committed}");
    assert_eq!(committed, git_show(repo, &format!(":{PLAN}")));
    assert_eq!(committed, repo.read(PLAN));
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
    assert_clean_git_directory(repo);
}

/// Asserts that phx has left no lock or temporary file in the Git directory.
#[track_caller]
pub(crate) fn assert_clean_git_directory(repo: &Repo) {
    let git = repo.path().join(".git");
    let names: Vec<String> = std::fs::read_dir(&git)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name.contains(".lock") || name.starts_with("phx-") || name.contains("tmp"))
        .collect();
    assert!(names.is_empty(), "{names:?}");
}

#[test]
fn updates_numbers_in_the_commit_and_the_worktree() {
    let repo = repo();
    change(&repo, 8, 9);
    repo.git(&["add", PLAN]);
    commit(&repo, &[]).exits(0);
    assert_consistent(&repo, 14);
    // A block that is up to date is not written.
    repo.write("a.txt", "b\n");
    let run = commit(&repo, &["-a"]).exits(0);
    assert_eq!(run.stderr, "");
    assert_consistent(&repo, 14);
}

#[test]
fn updates_numbers_with_commit_all() {
    let repo = repo();
    change(&repo, 8, 9);
    commit(&repo, &["-a"]).exits(0);
    assert_consistent(&repo, 14);
}

#[test]
fn a_commit_of_one_path_keeps_other_staged_files() {
    let repo = repo();
    change(&repo, 8, 9);
    commit(&repo, &["--", PLAN]).exits(0);
    assert_consistent(&repo, 14);
    change(&repo, 9, 10);
    repo.write("a.txt", "b\n").git(&["add", "a.txt"]);
    commit(&repo, &["--only", "--", PLAN]).exits(0);
    assert_eq!(repo.git(&["status", "--porcelain"]), "M  a.txt\n");
    repo.note(&git_show(&repo, &format!("HEAD:{PLAN}")));
    assert_eq!(git_show(&repo, &format!(":{PLAN}")), repo.read(PLAN));
    change(&repo, 10, 11);
    commit(&repo, &["--include", "--", PLAN]).exits(0);
    assert_consistent(&repo, 16);
}

#[test]
fn a_commit_of_another_path_does_not_change_the_document() {
    let repo = repo();
    change(&repo, 8, 9);
    repo.git(&["add", PLAN]);
    repo.write("a.txt", "b\n");
    commit(&repo, &["--", "a.txt"]).exits(0);
    repo.note(&git_show(&repo, &format!("HEAD:{PLAN}")));
    assert_eq!(repo.git(&["status", "--porcelain"]), format!("M  {PLAN}\n"));
    commit(&repo, &[]).exits(0);
    assert_consistent(&repo, 14);
}

#[test]
fn unstaged_lines_outside_the_block_stay_unstaged() {
    let repo = repo();
    change(&repo, 8, 9);
    repo.git(&["add", PLAN]);
    edit(&repo, "# Upcoming Features\n", "# Upcoming Features\n\nMore above.\n");
    edit(&repo, "Notes of Ines.", "Notes of Ines, unfinished.");
    change(&repo, 5, 6);
    let typed = repo.read(PLAN);
    commit(&repo, &[]).exits(0);
    let committed = git_show(&repo, &format!("HEAD:{PLAN}"));
    repo.note(&committed);
    // The worktree has the typed bytes and the committed block.
    let block = |text: &str| {
        let from = text.find("Total Features").unwrap();
        text[from..text.find("\n\nNotes").unwrap()].to_owned()
    };
    assert_eq!(repo.read(PLAN), typed.replace(&block(&typed), &block(&committed)));
    assert_eq!(repo.git(&["status", "--porcelain"]), format!(" M {PLAN}\n"));
    repo.git(&["add", PLAN]);
    commit(&repo, &[]).exits(0);
    assert_consistent(&repo, 15);
}

#[test]
fn rejects_a_commit_with_unstaged_lines_inside_the_block() {
    let repo = repo();
    change(&repo, 8, 9);
    repo.git(&["add", PLAN]);
    edit(&repo, "Total Features: 2\n", "Total Features: 2\nMood: good\n");
    let before = repo.state();
    commit(&repo, &[]).exits(1);
    assert_eq!(repo.state(), before);
    assert_clean_git_directory(&repo);
}

#[test]
fn updates_numbers_in_an_amended_commit() {
    let repo = repo();
    change(&repo, 8, 9);
    repo.git(&["add", PLAN]);
    commit(&repo, &["--amend"]).exits(0);
    assert_consistent(&repo, 14);
    commit(&repo, &["--amend"]).exits(0);
    commit(&repo, &["--amend", "--no-edit"]).exits(0);
    assert_consistent(&repo, 14);
}

#[test]
fn updates_numbers_in_the_first_commit_and_on_a_detached_head() {
    let repo = Repo::with_git();
    repo.write(PLAN, plan(&[8, 5]));
    repo.run(&["hook", "install"]).exits(0);
    repo.git(&["add", "-A"]);
    commit(&repo, &[]).exits(0);
    assert_consistent(&repo, 13);
    repo.git(&["checkout", "-q", "--detach"]);
    change(&repo, 8, 9);
    commit(&repo, &["-a"]).exits(0);
    assert_consistent(&repo, 14);
}

#[test]
fn a_commit_that_was_aborted_in_the_editor_can_be_repeated() {
    let repo = repo();
    change(&repo, 8, 9);
    repo.git(&["add", PLAN]);
    repo.try_git(&["commit", "-q"], &[]).exits(1);
    assert_eq!(repo.git(&["status", "--porcelain"]), format!("M  {PLAN}\n"));
    assert_eq!(git_show(&repo, &format!(":{PLAN}")), repo.read(PLAN));
    commit(&repo, &[]).exits(0);
    assert_consistent(&repo, 14);
}

#[test]
fn keeps_crlf_line_endings() {
    let _transcript = crate::transcript::Transcript::of_this_test();
    for (attributes, autocrlf) in [("* -text\n", "false"), ("*.md text eol=crlf\n", "false"), ("", "true")] {
        let repo = Repo::with_git();
        repo.git(&["config", "core.autocrlf", autocrlf]);
        repo.write(".gitattributes", attributes).write(PLAN, plan(&[8, 5]));
        repo.run(&["regen"]).exits(0);
        repo.write(PLAN, repo.read(PLAN).replace('\n', "\r\n")).commit("first");
        repo.run(&["hook", "install"]).exits(0);
        change(&repo, 8, 9);
        repo.git(&["add", PLAN]);
        edit(&repo, "Notes of Ines.", "Notes, unfinished.");
        commit(&repo, &[]).exits(0);
        let text = repo.read(PLAN);
        repo.note(&text);
        assert_eq!(text.matches('\n').count(), text.matches("\r\n").count(), "{attributes}");
        assert_eq!(repo.git(&["status", "--porcelain"]), format!(" M {PLAN}\n"));
        repo.git(&["commit", "-qam", "rest"]);
        assert_eq!(repo.git(&["status", "--porcelain"]), "");
    }
}

#[test]
#[cfg(unix)]
fn keeps_the_output_of_git_filters_in_the_worktree() {
    let repo = Repo::with_git();
    repo.git(&["config", "filter.loud.clean", "sed s/STORY/Story/"]);
    repo.git(&["config", "filter.loud.smudge", "sed s/Story/STORY/"]);
    repo.write(".gitattributes", "*.md filter=loud\n").write(PLAN, plan(&[8, 5]));
    repo.run(&["regen"]).exits(0);
    repo.commit("first");
    std::fs::remove_file(repo.path().join(PLAN)).unwrap();
    repo.git(&["checkout", "-q", "--", PLAN]);
    repo.note(&repo.read(PLAN));
    repo.run(&["hook", "install"]).exits(0);
    change(&repo, 8, 9);
    repo.git(&["add", PLAN]);
    commit(&repo, &[]).exits(0);
    repo.note(&git_show(&repo, &format!("HEAD:{PLAN}")));
    repo.note(&repo.read(PLAN));
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
}

#[test]
fn writes_every_index_format() {
    let _transcript = crate::transcript::Transcript::of_this_test();
    for format in [&["--split-index"][..], &["--index-version", "4"], &["--untracked-cache"]] {
        let repo = repo();
        repo.git(&[&["update-index"][..], format].concat());
        change(&repo, 8, 9);
        repo.git(&["add", PLAN]);
        commit(&repo, &[]).exits(0);
        assert_consistent(&repo, 14);
    }
    let repo = Repo::bare();
    repo.git(&["init", "-q", "--object-format=sha256"]);
    let repo = with_plan(repo);
    change(&repo, 8, 9);
    commit(&repo, &["-a"]).exits(0);
    assert_consistent(&repo, 14);
}

#[test]
fn hooks_run_in_a_linked_worktree() {
    let repo = repo();
    let other = Repo::bare();
    let path = other.path().join("linked");
    repo.git(&["worktree", "add", "-q", path.to_str().unwrap()]);
    let text = std::fs::read_to_string(path.join(PLAN)).unwrap();
    std::fs::write(path.join(PLAN), text.replace("**Points**: 8", "**Points**: 9")).unwrap();
    let mut git = repo.git_command(&["commit", "-qam", "linked"]);
    repo.finish(git.current_dir(&path)).exits(0);
    assert!(std::fs::read_to_string(path.join(PLAN)).unwrap().contains("Story Points: 14\n"));
    repo.note(&repo.read(PLAN));
    let mut status = repo.git_command(&["status", "--porcelain"]);
    assert_eq!(Run::of(status.current_dir(&path).output().unwrap()).stdout, "");
}

#[test]
fn check_mode_writes_nothing_and_reports_the_command() {
    let repo = repo();
    repo.write("phx.toml", "[hook]\nmode = \"check\"\n").commit("configure");
    change(&repo, 8, 9);
    repo.git(&["add", PLAN]);
    edit(&repo, "Notes", "More notes");
    let before = repo.state();
    commit(&repo, &[]).exits(1);
    assert_eq!(repo.state(), before);
    // The option overrides the configuration; the environment of other hook managers overrides both.
    let run = |mode: &str, set: &[(&str, &str)]| {
        let mut command = repo.command(&["hook", "run", "pre-commit", "--mode", mode]);
        repo.finish(command.envs(set.iter().copied()))
    };
    let bytes = || {
        let objects = repo.git(&["cat-file", "--batch-all-objects", "--batch-check"]);
        (objects, std::fs::read(repo.path().join(".git/index")).unwrap())
    };
    let stored = bytes();
    run("write", &[("PRE_COMMIT", "1")]).exits(1);
    run("check", &[]).exits(1);
    // No object is stored if the hook would write a block but rejects the commit for another reason.
    let late = [("PHX_NOW", "2026-09-01T00:00:00Z")];
    run("write", &late).exits(1);
    assert_eq!(repo.state(), before);
    assert_eq!(bytes(), stored);
    run("write", &[]).exits(0);
    repo.note(&repo.read(PLAN));
}
