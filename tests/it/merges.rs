//! Commits whose numbers depend on other changes: merges, replayed commits, other documents, the configuration.

use crate::commits::{PLAN, assert_consistent, change, commit, edit, git_show, plan, repo};
use crate::support::{Repo, document};

#[test]
fn rejects_a_clean_merge_with_outdated_numbers() {
    let repo = repo();
    repo.git(&["checkout", "-qb", "topic"]);
    change(&repo, 8, 9);
    repo.git(&["commit", "-qam", "nine"]);
    repo.git(&["checkout", "-q", "main"]);
    // The other branch changes another feature, so the merged sum is wrong.
    change(&repo, 5, 6);
    repo.git(&["commit", "-qam", "six"]);
    repo.try_git(&["merge", "topic"], &[]).exits(1);
    repo.run(&["regen", "--staged"]).exits(0);
    commit(&repo, &[]).exits(0);
    assert_consistent(&repo, 15);
    assert_eq!(repo.git(&["log", "-1", "--format=%P"]).split(' ').count(), 2);
}

#[test]
fn updates_numbers_when_a_conflicted_merge_is_committed() {
    let repo = repo();
    repo.git(&["checkout", "-qb", "topic"]);
    change(&repo, 8, 9);
    repo.git(&["commit", "-qam", "nine"]);
    repo.git(&["checkout", "-q", "main"]);
    change(&repo, 5, 20);
    repo.git(&["commit", "-qam", "twenty"]);
    repo.try_git(&["merge", "topic"], &[]).exits(1);
    let text = repo.read(PLAN);
    repo.note(&text);
    // Either side of the block is acceptable, because it is rendered again.
    repo.git(&["checkout", "--ours", "--", PLAN]);
    change(&repo, 8, 9);
    repo.git(&["add", PLAN]);
    commit(&repo, &[]).exits(0);
    assert_consistent(&repo, 29);
}

/// Repository with a merge in progress: `main` and `topic` have both changed and regenerated the plan.
fn with_conflict(repo: Repo, ours: impl Fn(&Repo), theirs: impl Fn(&Repo)) -> Repo {
    repo.git(&["checkout", "-qb", "topic"]);
    theirs(&repo);
    repo.run(&["regen", "-q"]).exits(0);
    repo.git(&["commit", "-qam", "topic", "--no-verify"]);
    repo.git(&["checkout", "-q", "main"]);
    ours(&repo);
    repo.run(&["regen", "-q"]).exits(0);
    repo.git(&["commit", "-qam", "main", "--no-verify"]);
    repo.try_git(&["merge", "topic"], &[]).exits(1);
    repo.note(&repo.read(PLAN));
    repo
}

#[test]
fn regen_resolves_a_conflict_within_a_block() {
    let repo = with_conflict(repo(), |repo| change(repo, 5, 20), |repo| change(repo, 8, 9));
    let conflicted = repo.read(PLAN);
    repo.run(&["validate", "-o", "concise"]).exits(1);
    repo.run(&["validate"]).exits(1);
    repo.run(&["regen", "--check"]).exits(1);
    assert_eq!(repo.read(PLAN), conflicted, "a check writes nothing");
    repo.run(&["regen"]).exits(0);
    repo.git(&["add", PLAN]);
    commit(&repo, &[]).exits(0);
    assert_consistent(&repo, 29);
}

#[test]
fn regen_keeps_a_conflict_of_values_without_a_fact() {
    let set_capacity = |repo: &Repo, days: &str| {
        repo.write(PLAN, repo.read(PLAN).replace("Team Capacity: 9 days", &format!("Team Capacity: {days} days")));
    };
    let conflicted_repo = || {
        // The block has a value that is maintained by hand.
        let repo = repo();
        repo.run(&["regen", "--clean", "--force", "-q"]).exits(0);
        let open = "DO NOT EDIT -->\n";
        let body = format!("{open}Story Points: 0\nTeam Capacity: 9 days\n");
        repo.write(PLAN, repo.read(PLAN).replacen(open, &body, 1));
        repo.run(&["regen", "-q"]).exits(0);
        repo.git(&["commit", "-qam", "capacity", "--no-verify"]);
        with_conflict(
            repo,
            |repo| {
                set_capacity(repo, "30");
                change(repo, 5, 20);
            },
            |repo| {
                set_capacity(repo, "25");
                change(repo, 8, 9);
            },
        )
    };
    let repo = conflicted_repo();
    let conflicted = repo.read(PLAN);
    repo.run(&["regen"]).exits(1);
    assert_eq!(repo.read(PLAN), conflicted);
    // A conflict outside the block is reported and not changed.
    let repo = conflicted_repo();
    let text = repo.read(PLAN).replace("Notes of Ines.", "<<<<<<< a\nNotes of Ines.\n=======\nNotes.\n>>>>>>> b");
    repo.write(PLAN, &text);
    repo.run(&["regen"]).exits(1);
    assert_eq!(repo.read(PLAN), text);
}

#[test]
fn does_not_reject_rebase_cherry_pick_revert_and_am() {
    let repo = repo();
    repo.git(&["checkout", "-qb", "topic"]);
    repo.git(&["-c", "core.hooksPath=/dev/null", "commit", "-q", "--allow-empty", "-m", "empty"]);
    change(&repo, 8, 9);
    // A commit with wrong numbers that bypassed the hooks.
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
    repo.note(&git_show(&repo, &format!("HEAD:{PLAN}")));
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
    // A cherry-pick that stops and is committed by hand warns and writes nothing.
    repo.git(&["checkout", "-q", "main"]);
    change(&repo, 8, 7);
    repo.git(&["commit", "-qam", "seven"]);
    repo.try_git(&["cherry-pick", &wrong], &[]).exits(1);
    repo.git(&["checkout", "--theirs", "--", PLAN]);
    repo.git(&["add", PLAN]);
    repo.try_git(&["commit", "-q", "--no-edit"], &[]).exits(0);
    repo.note(&git_show(&repo, &format!("HEAD:{PLAN}")));
}

#[test]
fn updates_documents_that_count_items_of_a_staged_document() {
    let repo = repo();
    let phases = "# Phases\n\n## Phase Group Summary\n\n### Phase 1: Harbour\n**Status**: Planned\n**Duration**: 2 weeks\n\n\
        **Planned**:\n<!-- AUTO-GENERATED:phase_progress - DO NOT EDIT -->\n- Planned Points: 1\n<!-- END AUTO-GENERATED:phase_progress -->\n\n\
        ## Success Metrics\n\nMany.\n\n## Risk Register\n\nFew.\n";
    let phases = document("  phase_number: 1\n  kind: phase-plan\n", phases)
        .replace("auto_sections: []", "auto_sections: [phase_progress]");
    repo.write("docs/PHASES.md", phases);
    repo.run(&["regen"]).exits(0);
    repo.note(&repo.read("docs/PHASES.md"));
    repo.git(&["add", "-A"]);
    repo.git(&["commit", "-qm", "phases", "--no-verify"]);
    // Only the plan is staged, but the phase plan depends on it.
    change(&repo, 8, 9);
    repo.git(&["add", PLAN]);
    commit(&repo, &[]).exits(0);
    repo.note(&git_show(&repo, "HEAD:docs/PHASES.md"));
    assert_consistent(&repo, 14);
    // The commit is rejected if the worktree file of a dependent document differs.
    change(&repo, 9, 10);
    repo.write("docs/PHASES.md", repo.read("docs/PHASES.md").replace("Planned Points: 14", "Planned Points: 20"));
    repo.git(&["add", PLAN]);
    let before = repo.state();
    commit(&repo, &[]).exits(1);
    assert_eq!(repo.state().files, before.files);
    assert_eq!(repo.run(&["validate", "--staged", "-q", "-o", "concise"]).exits(1).stdout.lines().count(), 2);
    // Text that is not a fact does not affect other documents.
    repo.git(&["checkout", "-q", "-f", "HEAD"]);
    edit(&repo, "Notes", "Other notes");
    let run = commit(&repo, &["-a"]).exits(0);
    assert_eq!(run.stderr, "");
}

#[test]
fn a_changed_configuration_fact_updates_every_document() {
    let repo = Repo::with_git();
    repo.write(PLAN, plan(&[8, 5]).replace("Total Features: 0\n", "Total Features: 0\nTeam Capacity: 100\n"));
    repo.run(&["regen"]).exits(0);
    repo.commit("first");
    repo.run(&["hook", "install"]).exits(0);
    repo.note(&repo.read(PLAN));
    repo.write("phx.toml", "[facts.sprint]\ncapacity = 80\n").git(&["add", "phx.toml"]);
    commit(&repo, &[]).exits(0);
    repo.note(&git_show(&repo, &format!("HEAD:{PLAN}")));
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
}

/// Repository with the merge driver, whose branches have both changed the plan.
fn with_merge_driver(repo: Repo, ours: impl Fn(&Repo), theirs: impl Fn(&Repo)) -> Repo {
    repo.run(&["hook", "uninstall"]).exits(0);
    repo.run(&["hook", "install"]).exits(0);
    repo.run(&["hook", "status"]).exits(0);
    repo.write(".gitattributes", "*.md merge=phx\n").commit("attributes");
    repo.run(&["hook", "status"]).exits(0);
    repo.git(&["checkout", "-qb", "topic"]);
    theirs(&repo);
    repo.git(&["commit", "-qam", "topic", "--no-verify"]);
    repo.git(&["checkout", "-q", "main"]);
    ours(&repo);
    repo.git(&["commit", "-qam", "main", "--no-verify"]);
    repo
}

/// Changes an item and reviews the document at the given time.
fn change_and_review(repo: &Repo, from: u32, to: u32, at: &str) {
    change(repo, from, to);
    repo.run(&["regen", "-q"]).exits(0);
    repo.run(&["--now", at, "review", PLAN, "--yes"]).exits(0);
    repo.git(&["add", "-A"]);
}

#[test]
fn the_merge_driver_keeps_the_later_stamp() {
    let repo = with_merge_driver(
        repo(),
        |repo| change_and_review(repo, 5, 20, "2025-08-30T10:00:00Z"),
        |repo| change_and_review(repo, 8, 9, "2025-08-31T10:00:00Z"),
    );
    let id = |text: &str| text.lines().find(|line| line.contains("correlation_id")).unwrap().to_owned();
    let theirs = repo.git(&["show", &format!("topic:{PLAN}")]);
    // Without the driver, both the stamp and the numbers conflict.
    repo.try_git(&["-c", "merge.phx.driver=git merge-file %A %O %B", "merge", "-q", "topic"], &[]).exits(1);
    repo.git(&["merge", "--abort"]);
    // Numbers without a conflict are still outdated and must be regenerated.
    repo.try_git(&["merge", "-q", "topic"], &[]).exits(1);
    repo.run(&["regen", "--staged"]).exits(0);
    commit(&repo, &[]).exits(0);
    let merged = repo.read(PLAN);
    repo.note(&merged);
    assert_eq!(id(&merged), id(&theirs), "the stamp is from one side");
    assert_consistent(&repo, 29);
    let left = std::fs::read_dir(repo.path().join(".git/phx")).unwrap();
    assert!(left.flatten().all(|entry| !entry.file_name().to_string_lossy().starts_with("merge-")));
    // A rebase also uses the driver.
    repo.git(&["reset", "-q", "--hard", "HEAD~1"]);
    repo.git(&["checkout", "-q", "topic"]);
    repo.git(&["rebase", "-q", "main"]);
    repo.note(&repo.read(PLAN));
    repo.run(&["hook", "uninstall"]).exits(0);
    repo.run(&["hook", "status"]).exits(1);
}

#[test]
fn the_stamp_conflicts_if_both_sides_reviewed_different_sections() {
    let edit_and_review = |repo: &Repo, from: &str, to: &str, at: &str| {
        repo.write("RISKS.md", repo.read("RISKS.md").replace(from, to));
        repo.run(&["--now", at, "review", "RISKS.md", "--yes"]).exits(0);
        repo.git(&["add", "-A"]);
    };
    let first = repo();
    let risks = "# Risks\n\n## Tides\n<!-- MANUAL - REQUIRES REVIEW -->\n\nHigh.\n\n## Wind\n<!-- MANUAL - REQUIRES REVIEW -->\n\nLow.\n";
    let text = document("  phase_number: 1\n", risks).replace("manual_sections: []", "manual_sections: [tides, wind]");
    first.write("RISKS.md", text).commit("risks");
    let repo = with_merge_driver(
        first,
        |repo| edit_and_review(repo, "High.", "Higher.", "2025-08-30T10:00:00Z"),
        |repo| edit_and_review(repo, "Low.", "Lower.", "2025-08-31T10:00:00Z"),
    );
    repo.try_git(&["merge", "-q", "topic"], &[]).exits(1);
    let text = repo.read("RISKS.md");
    let conflict = &text[text.find("<<<<<<< ").unwrap()..text.find(">>>>>>> ").unwrap()];
    repo.note(conflict);
}

#[test]
fn the_merge_driver_merges_other_files_like_git() {
    let write = |repo: &Repo, text: &str| {
        repo.write("README.md", text).git(&["add", "-A"]);
    };
    let repo = with_merge_driver(repo(), |repo| write(repo, "# A\n\none\n"), |repo| write(repo, "# A\n\ntwo\n"));
    repo.try_git(&["merge", "-q", "topic"], &[]).exits(1);
    assert_eq!(repo.read("README.md"), "# A\n\n<<<<<<< ours\none\n=======\ntwo\n>>>>>>> theirs\n");
    repo.git(&["merge", "--abort"]);
    // With a broken configuration, both sides of the conflict are kept.
    repo.write("phx.toml", "[documents\n").git(&["add", "-A"]);
    repo.git(&["commit", "-qm", "broken", "--no-verify"]);
    repo.try_git(&["merge", "-q", "topic"], &[]).exits(1);
    repo.note(&repo.read("README.md"));
}
