//! What the pre-commit hook does when somebody commits: the commit holds the right numbers or is blocked, and the worktree
//! holds every byte that its author typed.

use std::fmt::Write;
use std::process::Stdio;

use crate::support::{Repo, Run, document};

/// A document with features of so many points, and a summary that says what `sum` says.
fn plan(points: &[u32]) -> String {
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

const PLAN: &str = "docs/PLAN.md";

/// A repository with a regenerated document of two features and 13 points, committed, and the hooks installed.
fn repo() -> Repo {
    with(Repo::with_git())
}

fn with(repo: Repo) -> Repo {
    repo.write(PLAN, plan(&[8, 5])).write("a.txt", "a\n");
    repo.run(&["regen"]).exits(0);
    repo.commit("first");
    repo.run(&["hook", "install"]).exits(0);
    assert!(repo.read(PLAN).contains("Story Points: 13\n"), "{}", repo.read(PLAN));
    repo
}

/// Somebody changes points in the worktree, and not the numbers.
fn change(repo: &Repo, old: u32, new: u32) {
    edit(repo, &format!("**Points**: {old} "), &format!("**Points**: {new} "));
}

#[track_caller]
fn edit(repo: &Repo, old: &str, new: &str) {
    let text = repo.read(PLAN);
    assert!(text.contains(old), "no `{old}` in\n{text}");
    repo.write(PLAN, text.replacen(old, new, 1));
}

fn commit(repo: &Repo, arguments: &[&str]) -> Run {
    let all: Vec<&str> = ["commit", "-q", "-m", "change"].iter().chain(arguments).copied().collect();
    repo.try_git(&all, &[])
}

fn shown(repo: &Repo, name: &str) -> String {
    repo.git(&["show", name])
}

/// The commit, the index and the worktree agree on the document, and it says so many points.
#[track_caller]
fn agreed(repo: &Repo, points: u32) {
    let committed = shown(repo, &format!("HEAD:{PLAN}"));
    assert!(committed.contains(&format!("Story Points: {points}\n")), "{committed}");
    assert_eq!(committed, shown(repo, &format!(":{PLAN}")));
    assert_eq!(committed, repo.read(PLAN));
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
    clean_git_folder(repo);
}

/// Nothing of phx's is left behind in git's folder but what it keeps.
#[track_caller]
fn clean_git_folder(repo: &Repo) {
    let git = repo.path().join(".git");
    let names: Vec<String> = std::fs::read_dir(&git)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name.contains(".lock") || name.starts_with("phx-") || name.contains("tmp"))
        .collect();
    assert!(names.is_empty(), "{names:?}");
}

#[test]
fn staged_points_bring_their_sum_into_the_commit_and_the_worktree() {
    let repo = repo();
    change(&repo, 8, 9);
    repo.git(&["add", PLAN]);
    commit(&repo, &[]).exits(0).says("phx wrote sprint_summary in docs/PLAN.md");
    agreed(&repo, 14);
    // What is right already is left alone.
    repo.write("a.txt", "b\n");
    let run = commit(&repo, &["-a"]).exits(0);
    assert_eq!(run.stderr, "");
    agreed(&repo, 14);
}

#[test]
fn commit_all_takes_the_numbers_along() {
    let repo = repo();
    change(&repo, 8, 9);
    commit(&repo, &["-a"]).exits(0);
    agreed(&repo, 14);
}

#[test]
fn a_commit_of_one_path_leaves_other_staged_files_staged() {
    let repo = repo();
    change(&repo, 8, 9);
    commit(&repo, &["--", PLAN]).exits(0);
    agreed(&repo, 14);
    change(&repo, 9, 10);
    repo.write("a.txt", "b\n").git(&["add", "a.txt"]);
    commit(&repo, &["--only", "--", PLAN]).exits(0);
    assert_eq!(repo.git(&["status", "--porcelain"]), "M  a.txt\n");
    assert!(shown(&repo, &format!("HEAD:{PLAN}")).contains("Story Points: 15\n"));
    assert_eq!(shown(&repo, &format!(":{PLAN}")), repo.read(PLAN));
    change(&repo, 10, 11);
    commit(&repo, &["--include", "--", PLAN]).exits(0);
    agreed(&repo, 16);
}

#[test]
fn a_commit_of_another_path_leaves_the_document_alone() {
    let repo = repo();
    change(&repo, 8, 9);
    repo.git(&["add", PLAN]);
    repo.write("a.txt", "b\n");
    commit(&repo, &["--", "a.txt"]).exits(0);
    assert!(shown(&repo, &format!("HEAD:{PLAN}")).contains("Story Points: 13\n"));
    assert_eq!(repo.git(&["status", "--porcelain"]), format!("M  {PLAN}\n"));
    commit(&repo, &[]).exits(0);
    agreed(&repo, 14);
}

#[test]
fn unstaged_lines_beside_and_above_the_block_stay_unstaged() {
    let repo = repo();
    change(&repo, 8, 9);
    repo.git(&["add", PLAN]);
    edit(&repo, "# Upcoming Features\n", "# Upcoming Features\n\nMore above.\n");
    edit(&repo, "Notes of Ines.", "Notes of Ines, unfinished.");
    change(&repo, 5, 6);
    let typed = repo.read(PLAN);
    commit(&repo, &[]).exits(0);
    let committed = shown(&repo, &format!("HEAD:{PLAN}"));
    assert!(committed.contains("Story Points: 14\n") && !committed.contains("unfinished"), "{committed}");
    // The worktree has the bytes that were typed, and the block of the commit.
    let block = |text: &str| {
        let from = text.find("Total Features").unwrap();
        text[from..text.find("\n\nNotes").unwrap()].to_owned()
    };
    assert_eq!(repo.read(PLAN), typed.replace(&block(&typed), &block(&committed)));
    assert_eq!(repo.git(&["status", "--porcelain"]), format!(" M {PLAN}\n"));
    repo.git(&["add", PLAN]);
    commit(&repo, &[]).exits(0);
    agreed(&repo, 15);
}

#[test]
fn unstaged_lines_inside_the_block_block_the_commit_and_stay() {
    let repo = repo();
    change(&repo, 8, 9);
    repo.git(&["add", PLAN]);
    edit(&repo, "Total Features: 2\n", "Total Features: 2\nMood: good\n");
    let before = repo.state();
    let run = commit(&repo, &[]).exits(1).says("the worktree has other changes in the same AUTO blocks");
    assert!(
        run.stderr.contains("outdated-auto-section") && run.stderr.contains("`phx regen docs/PLAN.md`"),
        "{}",
        run.stderr
    );
    assert_eq!(repo.state(), before);
    clean_git_folder(&repo);
}

#[test]
fn an_amended_commit_gets_its_numbers_too() {
    let repo = repo();
    change(&repo, 8, 9);
    repo.git(&["add", PLAN]);
    commit(&repo, &["--amend"]).exits(0);
    agreed(&repo, 14);
    commit(&repo, &["--amend"]).exits(0);
    commit(&repo, &["--amend", "--no-edit"]).exits(0);
    agreed(&repo, 14);
}

#[test]
fn the_first_commit_and_one_on_a_detached_head_are_commits_like_others() {
    let repo = Repo::with_git();
    repo.write(PLAN, plan(&[8, 5]));
    repo.run(&["hook", "install"]).exits(0);
    repo.git(&["add", "-A"]);
    commit(&repo, &[]).exits(0).says("phx wrote sprint_summary");
    agreed(&repo, 13);
    repo.git(&["checkout", "-q", "--detach"]);
    change(&repo, 8, 9);
    commit(&repo, &["-a"]).exits(0);
    agreed(&repo, 14);
}

#[test]
fn a_commit_that_is_given_up_in_the_editor_can_be_tried_again() {
    let repo = repo();
    change(&repo, 8, 9);
    repo.git(&["add", PLAN]);
    repo.try_git(&["commit", "-q"], &[]).exits(1).says("empty commit message");
    assert_eq!(repo.git(&["status", "--porcelain"]), format!("M  {PLAN}\n"));
    assert_eq!(shown(&repo, &format!(":{PLAN}")), repo.read(PLAN));
    commit(&repo, &[]).exits(0);
    agreed(&repo, 14);
}

#[test]
fn a_document_with_crlf_line_ends_keeps_them() {
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
        assert!(text.contains("Story Points: 14\r\n") && text.contains("unfinished"), "{attributes} {text}");
        assert_eq!(text.matches('\n').count(), text.matches("\r\n").count(), "{attributes}");
        assert_eq!(repo.git(&["status", "--porcelain"]), format!(" M {PLAN}\n"));
        repo.git(&["commit", "-qam", "rest"]);
        assert_eq!(repo.git(&["status", "--porcelain"]), "");
    }
}

#[test]
#[cfg(unix)]
fn what_a_filter_makes_of_a_document_in_the_worktree_is_kept() {
    let repo = Repo::with_git();
    repo.git(&["config", "filter.loud.clean", "sed s/STORY/Story/"]);
    repo.git(&["config", "filter.loud.smudge", "sed s/Story/STORY/"]);
    repo.write(".gitattributes", "*.md filter=loud\n").write(PLAN, plan(&[8, 5]));
    repo.run(&["regen"]).exits(0);
    repo.commit("first");
    std::fs::remove_file(repo.path().join(PLAN)).unwrap();
    repo.git(&["checkout", "-q", "--", PLAN]);
    assert!(repo.read(PLAN).contains("STORY Points: 13"));
    repo.run(&["hook", "install"]).exits(0);
    change(&repo, 8, 9);
    repo.git(&["add", PLAN]);
    commit(&repo, &[]).exits(0);
    assert!(shown(&repo, &format!("HEAD:{PLAN}")).contains("Story Points: 14\n"));
    assert!(repo.read(PLAN).contains("STORY Points: 14\n"), "{}", repo.read(PLAN));
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
}

#[test]
fn every_format_of_the_index_is_written() {
    for format in [&["--split-index"][..], &["--index-version", "4"], &["--untracked-cache"]] {
        let repo = repo();
        repo.git(&[&["update-index"][..], format].concat());
        change(&repo, 8, 9);
        repo.git(&["add", PLAN]);
        commit(&repo, &[]).exits(0);
        agreed(&repo, 14);
    }
    let repo = Repo::bare();
    repo.git(&["init", "-q", "--object-format=sha256"]);
    let repo = with(repo);
    change(&repo, 8, 9);
    commit(&repo, &["-a"]).exits(0);
    agreed(&repo, 14);
}

#[test]
fn a_linked_worktree_has_hooks_like_the_first_one() {
    let repo = repo();
    let other = Repo::bare();
    let path = other.path().join("linked");
    repo.git(&["worktree", "add", "-q", path.to_str().unwrap()]);
    let text = std::fs::read_to_string(path.join(PLAN)).unwrap();
    std::fs::write(path.join(PLAN), text.replace("**Points**: 8", "**Points**: 9")).unwrap();
    let mut git = repo.git_command(&["commit", "-qam", "linked"]);
    Run::of(git.current_dir(&path).output().unwrap()).exits(0).says("phx wrote sprint_summary");
    assert!(std::fs::read_to_string(path.join(PLAN)).unwrap().contains("Story Points: 14\n"));
    assert!(repo.read(PLAN).contains("Story Points: 13\n"));
    let mut status = repo.git_command(&["status", "--porcelain"]);
    assert_eq!(Run::of(status.current_dir(&path).output().unwrap()).stdout, "");
}

#[test]
fn a_document_outside_the_sparse_set_is_checked_and_not_written() {
    let repo = repo();
    repo.write("docs/PLAN.md", repo.read(PLAN)).write("other/b.txt", "b\n").commit("more");
    repo.git(&["sparse-checkout", "set", "other"]);
    assert!(!repo.path().join(PLAN).exists());
    // Somebody stages a change of a file that is not checked out.
    let text = shown(&repo, &format!("HEAD:{PLAN}")).replace("**Points**: 8", "**Points**: 9");
    repo.write("../new.md", &text);
    let blob = repo.git(&["hash-object", "-w", "../new.md"]);
    std::fs::remove_file(repo.path().join("../new.md")).unwrap();
    repo.git(&["update-index", "--cacheinfo", &format!("100644,{},{PLAN}", blob.trim())]);
    repo.git(&["update-index", "--skip-worktree", PLAN]);
    let before = repo.state();
    commit(&repo, &[]).exits(1).says("is checked only, not written");
    assert_eq!(repo.state(), before);
}

#[test]
fn an_ignored_document_that_was_added_by_force_is_written() {
    let repo = repo();
    repo.write(".gitignore", "docs/\n").git(&["add", "-A"]);
    change(&repo, 8, 9);
    repo.git(&["add", "-f", PLAN]);
    commit(&repo, &[]).exits(0);
    agreed(&repo, 14);
}

#[test]
#[cfg(unix)]
fn a_worktree_file_that_is_a_link_is_checked_and_not_written() {
    let repo = repo();
    change(&repo, 8, 9);
    repo.git(&["add", PLAN]);
    let file = repo.path().join(PLAN);
    std::fs::rename(&file, repo.path().join("elsewhere.md")).unwrap();
    std::os::unix::fs::symlink("../elsewhere.md", &file).unwrap();
    let before = repo.state();
    commit(&repo, &[]).exits(1).says("the worktree has no plain file there");
    assert_eq!(repo.state(), before);
}

#[test]
fn a_merge_that_is_clean_and_wrong_is_not_committed_until_its_numbers_are_right() {
    let repo = repo();
    repo.git(&["checkout", "-qb", "topic"]);
    change(&repo, 8, 9);
    repo.git(&["commit", "-qam", "nine"]);
    repo.git(&["checkout", "-q", "main"]);
    // The other side says the same sum for another reason.
    change(&repo, 5, 6);
    repo.git(&["commit", "-qam", "six"]);
    let run = repo.try_git(&["merge", "topic"], &[]).exits(1).says("phx regen --staged");
    assert!(run.stderr.contains("outdated"), "{}", run.stderr);
    repo.run(&["regen", "--staged"]).exits(0).says("1 of 1 AUTO block written");
    commit(&repo, &[]).exits(0);
    agreed(&repo, 15);
    assert_eq!(repo.git(&["log", "-1", "--format=%P"]).split(' ').count(), 2);
}

#[test]
fn a_merge_with_conflicts_gets_its_numbers_when_it_is_concluded() {
    let repo = repo();
    repo.git(&["checkout", "-qb", "topic"]);
    change(&repo, 8, 9);
    repo.git(&["commit", "-qam", "nine"]);
    repo.git(&["checkout", "-q", "main"]);
    change(&repo, 5, 20);
    repo.git(&["commit", "-qam", "twenty"]);
    repo.try_git(&["merge", "topic"], &[]).exits(1);
    let text = repo.read(PLAN);
    assert!(text.contains("<<<<<<< "), "{text}");
    // Either side of the block will do.
    repo.git(&["checkout", "--ours", "--", PLAN]);
    change(&repo, 8, 9);
    repo.git(&["add", PLAN]);
    commit(&repo, &[]).exits(0);
    agreed(&repo, 29);
}

#[test]
fn a_rebase_a_cherry_pick_a_revert_and_am_are_not_held_up() {
    let repo = repo();
    repo.git(&["checkout", "-qb", "topic"]);
    repo.git(&["-c", "core.hooksPath=/dev/null", "commit", "-q", "--allow-empty", "-m", "empty"]);
    change(&repo, 8, 9);
    // A commit with wrong numbers, made without hooks.
    repo.git(&["commit", "-qam", "nine", "--no-verify"]);
    let wrong = repo.git(&["rev-parse", "HEAD"]).trim().to_owned();
    let patch = repo.git(&["format-patch", "-1", "--stdout"]);
    repo.git(&["checkout", "-q", "main"]);
    repo.write("a.txt", "main\n").git(&["commit", "-qam", "main"]);
    let main = repo.git(&["rev-parse", "HEAD"]).trim().to_owned();
    let back = |repo: &Repo| repo.git(&["reset", "-q", "--hard", &main]);
    repo.git(&["cherry-pick", &wrong]);
    back(&repo);
    repo.git(&["merge", "-q", "--ff-only", "main"]);
    repo.write("../change.patch", patch);
    repo.git(&["am", "-q", "../change.patch"]);
    std::fs::remove_file(repo.path().join("../change.patch")).unwrap();
    repo.git(&["revert", "--no-edit", "HEAD"]);
    back(&repo);
    repo.git(&["checkout", "-q", "topic"]);
    repo.git(&["rebase", "-q", "main"]);
    assert!(shown(&repo, &format!("HEAD:{PLAN}")).contains("Story Points: 13\n"), "a rebase rewrites nothing");
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
    // A cherry-pick that stops and is committed by hand warns, and writes nothing.
    repo.git(&["checkout", "-q", "main"]);
    change(&repo, 8, 7);
    repo.git(&["commit", "-qam", "seven"]);
    repo.try_git(&["cherry-pick", &wrong], &[]).exits(1);
    repo.git(&["checkout", "--theirs", "--", PLAN]);
    repo.git(&["add", PLAN]);
    let run = repo.try_git(&["commit", "-q", "--no-edit"], &[]).exits(0);
    assert!(run.stderr.contains("a cherry-pick is under way, so this blocks nothing"), "{}", run.stderr);
    assert!(shown(&repo, &format!("HEAD:{PLAN}")).contains("Story Points: 13\n"));
}

#[test]
fn another_git_add_while_the_hook_runs_is_not_lost() {
    let repo = repo();
    // The hook that stood there before adds something else to the index, and changes it again in the background.
    repo.run(&["hook", "uninstall"]).exits(0);
    let hook = repo.path().join(".git/hooks/pre-commit");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    std::fs::write(&hook, "#!/bin/sh\necho added > added.txt\ngit add added.txt\n").unwrap();
    executable(&hook);
    repo.run(&["hook", "install"]).exits(0);
    change(&repo, 8, 9);
    repo.git(&["add", PLAN]);
    commit(&repo, &[]).exits(0);
    assert!(repo.git(&["show", "HEAD:added.txt"]).contains("added"));
    agreed(&repo, 14);
}

fn executable(path: &std::path::Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    #[cfg(not(unix))]
    let _ = path;
}

#[test]
fn check_mode_writes_nothing_and_says_what_mends() {
    let repo = repo();
    repo.write("phx.toml", "[hook]\nmode = \"check\"\n").commit("configure");
    change(&repo, 8, 9);
    repo.git(&["add", PLAN]);
    edit(&repo, "Notes", "More notes");
    let before = repo.state();
    let run = commit(&repo, &[]).exits(1);
    assert!(
        run.stderr.contains("the AUTO block `sprint_summary` is outdated: `Story Points` 13 → 14"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("`phx regen docs/PLAN.md` writes it"), "{}", run.stderr);
    assert_eq!(repo.state(), before);
    // The option wins over the configuration, and the environment of other managers over both.
    let run = |mode: &str, set: &[(&str, &str)]| {
        let mut command = repo.command(&["hook", "run", "pre-commit", "--mode", mode]);
        Run::of(command.envs(set.iter().copied()).output().unwrap())
    };
    let bytes = || {
        let objects = repo.git(&["cat-file", "--batch-all-objects", "--batch-check"]);
        (objects, std::fs::read(repo.path().join(".git/index")).unwrap())
    };
    let held = bytes();
    run("write", &[("PRE_COMMIT", "1")]).exits(1).says("checking only, writing nothing");
    run("check", &[]).exits(1);
    // Nor is anything stored where the hook would write and something else blocks.
    let late = [("PHX_NOW", "2026-09-01T00:00:00Z")];
    run("write", &late).exits(1);
    assert_eq!(repo.state(), before);
    assert_eq!(bytes(), held);
    run("write", &[]).exits(0);
    assert!(repo.read(PLAN).contains("Story Points: 14\n") && repo.read(PLAN).contains("More notes"));
}

#[test]
fn the_numbers_of_a_plan_that_counts_another_document_come_along() {
    let repo = repo();
    let phases = "# Phases\n\n## Phase Group Summary\n\n### Phase 1: Harbour\n**Status**: Planned\n**Duration**: 2 weeks\n\n\
        **Planned**:\n<!-- AUTO-GENERATED:phase_progress - DO NOT EDIT -->\n- Planned Points: 1\n<!-- END AUTO-GENERATED:phase_progress -->\n\n\
        ## Success Metrics\n\nMany.\n\n## Risk Register\n\nFew.\n";
    let phases = document("  phase_number: 1\n  kind: phase-plan\n", phases)
        .replace("auto_sections: []", "auto_sections: [phase_progress]");
    repo.write("docs/PHASES.md", phases);
    repo.run(&["regen"]).exits(0);
    assert!(repo.read("docs/PHASES.md").contains("Planned Points: 13\n"), "{}", repo.read("docs/PHASES.md"));
    repo.git(&["add", "-A"]);
    repo.git(&["commit", "-qm", "phases", "--no-verify"]);
    // Only the plan is staged; the phases count it.
    change(&repo, 8, 9);
    repo.git(&["add", PLAN]);
    commit(&repo, &[]).exits(0).says("in docs/PHASES.md");
    assert!(shown(&repo, "HEAD:docs/PHASES.md").contains("Planned Points: 14\n"));
    agreed(&repo, 14);
    // In check mode the commit is blocked, and so is one whose worktree file cannot follow.
    change(&repo, 9, 10);
    repo.write("docs/PHASES.md", repo.read("docs/PHASES.md").replace("Planned Points: 14", "Planned Points: 20"));
    repo.git(&["add", PLAN]);
    let before = repo.state();
    let run = commit(&repo, &[]).exits(1);
    assert!(run.stderr.contains("docs/PHASES.md") && run.stderr.contains("outdated"), "{}", run.stderr);
    assert_eq!(repo.state().files, before.files);
    assert_eq!(repo.run(&["validate", "--staged", "-q", "-o", "concise"]).exits(1).stdout.lines().count(), 2);
    // Text that no fact is made from concerns nobody else.
    repo.git(&["checkout", "-q", "-f", "HEAD"]);
    edit(&repo, "Notes", "Other notes");
    let run = commit(&repo, &["-a"]).exits(0);
    assert_eq!(run.stderr, "");
}

#[test]
fn a_changed_fact_of_the_configuration_reaches_every_document() {
    let repo = Repo::with_git();
    repo.write(PLAN, plan(&[8, 5]).replace("Total Features: 0\n", "Total Features: 0\nTeam Capacity: 100\n"));
    repo.run(&["regen"]).exits(0);
    repo.commit("first");
    repo.run(&["hook", "install"]).exits(0);
    assert!(repo.read(PLAN).contains("Team Capacity: 100\n"), "{}", repo.read(PLAN));
    repo.write("phx.toml", "[facts.sprint]\ncapacity = 80\n").git(&["add", "phx.toml"]);
    commit(&repo, &[]).exits(0).says("phx wrote sprint_summary in docs/PLAN.md");
    assert!(shown(&repo, &format!("HEAD:{PLAN}")).contains("Team Capacity: 80\n"));
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
}

#[test]
fn the_index_locked_by_another_git_is_left_alone() {
    let repo = repo();
    change(&repo, 8, 9);
    repo.git(&["add", PLAN]);
    repo.write(".git/index.lock", "another git");
    let before = repo.read(PLAN);
    let run = repo.run(&["hook", "run", "pre-commit"]).exits(1).says("another git holds the lock of the index");
    assert!(run.stdout.contains("outdated-auto-section"), "{}", run.stdout);
    assert_eq!(repo.read(PLAN), before);
    assert_eq!(repo.read(".git/index.lock"), "another git");
    std::fs::remove_file(repo.path().join(".git/index.lock")).unwrap();
    clean_git_folder(&repo);
    commit(&repo, &[]).exits(0);
    agreed(&repo, 14);
}

#[test]
fn an_index_of_somebodys_own_is_checked_and_not_written() {
    let repo = repo();
    change(&repo, 8, 9);
    std::fs::copy(repo.path().join(".git/index"), repo.path().join("own-index")).unwrap();
    let own = repo.path().join("own-index");
    let set = [("GIT_INDEX_FILE", own.to_str().unwrap())];
    repo.try_git(&["add", PLAN], &set).exits(0);
    repo.try_git(&["commit", "-qm", "own"], &set).exits(1).says("the index is one of your own");
    assert!(repo.read(PLAN).contains("Story Points: 13\n"));
}

#[test]
fn a_hook_that_is_killed_at_any_moment_loses_nothing() {
    let repo = repo();
    change(&repo, 8, 9);
    repo.git(&["add", PLAN]);
    edit(&repo, "Notes of Ines.", "Notes, unfinished.");
    let typed = repo.read(PLAN);
    let staged = shown(&repo, &format!(":{PLAN}"));
    // The waits only choose the moments.
    for moment in (0..50_u64).map(|step| step * 1500) {
        let mut hook =
            repo.command(&["hook", "run", "pre-commit"]).stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_micros(moment));
        let _ = hook.kill();
        hook.wait().unwrap();
        // Whatever happened, what was typed is there but for the block, and the index can be read and written.
        assert!(repo.read(PLAN).contains("Notes, unfinished."), "after {moment} µs");
        assert_eq!(
            repo.read(PLAN).replace("Story Points: 14", "Story Points: 13").lines().count(),
            typed.lines().count()
        );
        let index = shown(&repo, &format!(":{PLAN}"));
        assert!(index == staged || index.contains("Story Points: 14\n"), "after {moment} µs:\n{index}");
        // Of git's own lock a killed git would leave the same; it stands for two steps.
        let _ = std::fs::remove_file(repo.path().join(".git/index.lock"));
        repo.write(PLAN, &staged).git(&["add", PLAN]);
        repo.write(PLAN, &typed);
    }
    commit(&repo, &[]).exits(0);
    assert!(shown(&repo, &format!("HEAD:{PLAN}")).contains("Story Points: 14\n"));
    assert_eq!(repo.git(&["status", "--porcelain"]), format!(" M {PLAN}\n"));
    assert!(std::fs::read_dir(repo.path().join("docs")).unwrap().count() == 1, "no temporary file is left");
    clean_git_folder(&repo);
}

#[test]
#[cfg(unix)]
fn a_read_only_repository_is_checked() {
    use std::os::unix::fs::PermissionsExt;
    let repo = repo();
    change(&repo, 8, 9);
    repo.git(&["add", PLAN]);
    let file = repo.path().join(PLAN);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o444)).unwrap();
    let before = repo.state();
    commit(&repo, &[]).exits(1).says("is read-only");
    assert_eq!(repo.state(), before);
    clean_git_folder(&repo);
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_loses_nothing_and_leaves_nothing() {
    let repo = repo();
    edit(&repo, "Notes of Ines.", &format!("Notes of Ines.\n\n{}", "A long line of notes.\n".repeat(1000)));
    repo.commit("long");
    change(&repo, 8, 9);
    repo.git(&["add", PLAN]);
    edit(&repo, "# Upcoming Features\n", "# Upcoming Features\n\nUnfinished.\n");
    let before = repo.state();
    // A limit on the size of files fails every write as a full disk does, each limit at another place.
    let mut passed = 0;
    for blocks in [0, 1, 2, 4, 16, 40, 200] {
        let script =
            format!("trap '' XFSZ; ulimit -f {blocks}; exec {} hook run pre-commit", env!("CARGO_BIN_EXE_phx"));
        let mut shell = repo.command(&[]);
        let path = shell.get_envs().find(|(name, _)| *name == "PATH").unwrap().1.unwrap().to_owned();
        shell = std::process::Command::new("sh");
        shell
            .args(["-c", &script])
            .current_dir(repo.path())
            .env_clear()
            .env("PATH", path)
            .env("PHX_NOW", crate::support::NOW);
        let run = Run::of(shell.output().unwrap());
        clean_git_folder(&repo);
        assert_eq!(std::fs::read_dir(repo.path().join("docs")).unwrap().count(), 1, "no temporary file is left");
        if run.code == 0 {
            passed += 1;
            assert!(shown(&repo, &format!(":{PLAN}")).contains("Story Points: 14\n"));
            assert!(repo.read(PLAN).contains("Unfinished.") && repo.read(PLAN).contains("Story Points: 14\n"));
        } else {
            assert_eq!(repo.state(), before, "{blocks}: {}", run.stderr);
            assert!(run.stderr.contains("error: ") || run.stderr.contains("written"), "{blocks}: {}", run.stderr);
        }
    }
    assert!((1..7).contains(&passed), "some limits are too low, and one is not: {passed}");
}

#[test]
fn a_file_that_git_is_told_to_overlook_is_checked_and_keeps_its_flag() {
    for flag in ["--skip-worktree", "--assume-unchanged"] {
        let repo = repo();
        repo.git(&["update-index", flag, PLAN]);
        repo.write("phx.toml", "[facts.sprint]\nstart = 2025-08-30\n").git(&["add", "phx.toml"]);
        edit(&repo, "Notes", "Private notes");
        change(&repo, 8, 9);
        let text = repo.read(PLAN);
        let blob = repo.git(&["hash-object", "-w", PLAN]);
        repo.git(&["update-index", "--cacheinfo", &format!("100644,{},{PLAN}", blob.trim())]);
        repo.git(&["update-index", flag, PLAN]);
        let before = repo.state();
        commit(&repo, &[]).exits(1).says("git is told to overlook the file");
        assert_eq!(repo.state(), before, "{flag}");
        assert_eq!(repo.read(PLAN), text);
        clean_git_folder(&repo);
    }
}

#[test]
fn a_worktree_that_was_regenerated_already_is_no_obstacle() {
    let repo = repo();
    change(&repo, 8, 9);
    repo.git(&["add", PLAN]);
    edit(&repo, "Notes of Ines.", "Notes, unfinished.");
    repo.run(&["regen"]).exits(0);
    let typed = repo.read(PLAN);
    commit(&repo, &[]).exits(0);
    assert!(shown(&repo, &format!("HEAD:{PLAN}")).contains("Story Points: 14\n"));
    assert_eq!(repo.read(PLAN), typed);
    assert_eq!(repo.git(&["status", "--porcelain"]), format!(" M {PLAN}\n"));
}

#[test]
fn a_document_that_is_not_in_the_worktree_is_brought_back_and_regenerated() {
    let repo = repo();
    change(&repo, 8, 9);
    repo.git(&["add", PLAN]);
    std::fs::remove_file(repo.path().join(PLAN)).unwrap();
    commit(&repo, &[]).exits(1).says("bring it back with `git restore`");
    repo.git(&["restore", PLAN]);
    repo.run(&["regen", "--staged"]).exits(0);
    commit(&repo, &[]).exits(0);
    agreed(&repo, 14);
}

#[test]
fn a_file_of_somebody_elses_in_the_folder_of_git_is_left_alone() {
    let repo = repo();
    repo.write(".git/phx-notes", "mine");
    change(&repo, 8, 9);
    commit(&repo, &["-a"]).exits(0);
    assert_eq!(repo.read(".git/phx-notes"), "mine");
}

#[test]
#[cfg(unix)]
fn a_repository_that_nobody_may_write_to_is_read_all_the_same() {
    use std::os::unix::fs::PermissionsExt;
    let repo = repo();
    change(&repo, 8, 9);
    repo.git(&["add", PLAN]);
    let before = repo.state();
    let folders = [".git", ".git/objects", ".git/phx", "docs"].map(|name| repo.path().join(name));
    let allow = |mode: u32| {
        for folder in &folders {
            std::fs::set_permissions(folder, std::fs::Permissions::from_mode(mode)).unwrap();
        }
    };
    allow(0o555);
    let run = repo.run(&["hook", "run", "pre-commit"]);
    let checked = repo.run(&["hook", "run", "pre-commit", "--mode", "check"]);
    allow(0o755);
    if run.code == 0 {
        // Whoever may write everywhere, may.
        assert!(shown(&repo, &format!(":{PLAN}")).contains("Story Points: 14\n"));
        checked.exits(0);
    } else {
        checked.exits(1);
        assert_eq!(repo.state(), before, "{}", run.stderr);
        assert!(run.stdout.contains("outdated-auto-section"), "{}", run.stdout);
    }
    clean_git_folder(&repo);
}
