//! Commits whose numbers come from elsewhere: merges, replayed commits, other documents, the configuration.

use crate::commits::{PLAN, agreed, change, commit, edit, plan, repo, shown};
use crate::support::{Repo, document};

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
    repo.try_git(&["merge", "topic"], &[]).exits(1);
    repo.run(&["regen", "--staged"]).exits(0);
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
    repo.note(&text);
    // Either side of the block will do.
    repo.git(&["checkout", "--ours", "--", PLAN]);
    change(&repo, 8, 9);
    repo.git(&["add", PLAN]);
    commit(&repo, &[]).exits(0);
    agreed(&repo, 29);
}

/// A repository whose branches `main` and `topic` have both changed and regenerated the plan, in the middle of their merge.
fn in_conflict(repo: Repo, ours: impl Fn(&Repo), theirs: impl Fn(&Repo)) -> Repo {
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
fn regen_settles_a_conflict_within_a_block() {
    let repo = in_conflict(repo(), |repo| change(repo, 5, 20), |repo| change(repo, 8, 9));
    let conflicted = repo.read(PLAN);
    repo.run(&["validate", "-o", "concise"]).exits(1);
    repo.run(&["validate"]).exits(1);
    repo.run(&["regen", "--check"]).exits(1);
    assert_eq!(repo.read(PLAN), conflicted, "a check writes nothing");
    repo.run(&["regen"]).exits(0);
    repo.git(&["add", PLAN]);
    commit(&repo, &[]).exits(0);
    agreed(&repo, 29);
}

#[test]
fn regen_leaves_a_conflict_of_values_that_no_fact_gives() {
    let put = |repo: &Repo, days: &str| {
        repo.write(PLAN, repo.read(PLAN).replace("Team Capacity: 9 days", &format!("Team Capacity: {days} days")));
    };
    let both = || {
        // The block has a value that is maintained by hand.
        let repo = repo();
        repo.run(&["regen", "--clean", "--force", "-q"]).exits(0);
        let open = "DO NOT EDIT -->\n";
        let body = format!("{open}Story Points: 0\nTeam Capacity: 9 days\n");
        repo.write(PLAN, repo.read(PLAN).replacen(open, &body, 1));
        repo.run(&["regen", "-q"]).exits(0);
        repo.git(&["commit", "-qam", "capacity", "--no-verify"]);
        in_conflict(
            repo,
            |repo| {
                put(repo, "30");
                change(repo, 5, 20);
            },
            |repo| {
                put(repo, "25");
                change(repo, 8, 9);
            },
        )
    };
    let repo = both();
    let conflicted = repo.read(PLAN);
    repo.run(&["regen"]).exits(1);
    assert_eq!(repo.read(PLAN), conflicted);
    // A conflict elsewhere is not touched, and named.
    let repo = both();
    let text = repo.read(PLAN).replace("Notes of Ines.", "<<<<<<< a\nNotes of Ines.\n=======\nNotes.\n>>>>>>> b");
    repo.write(PLAN, &text);
    repo.run(&["regen"]).exits(1);
    assert_eq!(repo.read(PLAN), text);
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
    repo.note(&shown(&repo, &format!("HEAD:{PLAN}")));
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
    // A cherry-pick that stops and is committed by hand warns, and writes nothing.
    repo.git(&["checkout", "-q", "main"]);
    change(&repo, 8, 7);
    repo.git(&["commit", "-qam", "seven"]);
    repo.try_git(&["cherry-pick", &wrong], &[]).exits(1);
    repo.git(&["checkout", "--theirs", "--", PLAN]);
    repo.git(&["add", PLAN]);
    repo.try_git(&["commit", "-q", "--no-edit"], &[]).exits(0);
    repo.note(&shown(&repo, &format!("HEAD:{PLAN}")));
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
    repo.note(&repo.read("docs/PHASES.md"));
    repo.git(&["add", "-A"]);
    repo.git(&["commit", "-qm", "phases", "--no-verify"]);
    // Only the plan is staged; the phases count it.
    change(&repo, 8, 9);
    repo.git(&["add", PLAN]);
    commit(&repo, &[]).exits(0);
    repo.note(&shown(&repo, "HEAD:docs/PHASES.md"));
    agreed(&repo, 14);
    // In check mode the commit is blocked, and so is one whose worktree file cannot follow.
    change(&repo, 9, 10);
    repo.write("docs/PHASES.md", repo.read("docs/PHASES.md").replace("Planned Points: 14", "Planned Points: 20"));
    repo.git(&["add", PLAN]);
    let before = repo.state();
    commit(&repo, &[]).exits(1);
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
    repo.note(&repo.read(PLAN));
    repo.write("phx.toml", "[facts.sprint]\ncapacity = 80\n").git(&["add", "phx.toml"]);
    commit(&repo, &[]).exits(0);
    repo.note(&shown(&repo, &format!("HEAD:{PLAN}")));
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
}

/// A repository whose clone has the merge driver, with branches that have both changed the plan.
fn driven(repo: Repo, ours: impl Fn(&Repo), theirs: impl Fn(&Repo)) -> Repo {
    repo.run(&["hook", "uninstall"]).exits(0);
    let said = repo.run(&["hook", "install"]).exits(0);
    said.recorded();
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

/// Changes an item and reviews the document at a time.
fn reviewed(repo: &Repo, from: u32, to: u32, at: &str) {
    change(repo, from, to);
    repo.run(&["regen", "-q"]).exits(0);
    repo.run(&["--now", at, "review", PLAN, "--yes"]).exits(0);
    repo.git(&["add", "-A"]);
}

#[test]
fn the_merge_driver_takes_the_later_stamp_and_the_numbers_are_computed_anew() {
    let repo = driven(
        repo(),
        |repo| reviewed(repo, 5, 20, "2025-08-30T10:00:00Z"),
        |repo| reviewed(repo, 8, 9, "2025-08-31T10:00:00Z"),
    );
    let id = |text: &str| text.lines().find(|line| line.contains("correlation_id")).unwrap().to_owned();
    let theirs = repo.git(&["show", &format!("topic:{PLAN}")]);
    // Without the driver both the stamp and the numbers conflict.
    repo.try_git(&["-c", "merge.phx.driver=git merge-file %A %O %B", "merge", "-q", "topic"], &[]).exits(1);
    repo.git(&["merge", "--abort"]);
    // What conflicts no more is still computed before it is committed.
    repo.try_git(&["merge", "-q", "topic"], &[]).exits(1);
    repo.run(&["regen", "--staged"]).exits(0);
    commit(&repo, &[]).exits(0);
    let merged = repo.read(PLAN);
    repo.note(&merged);
    assert_eq!(id(&merged), id(&theirs), "the stamp is taken as a whole");
    agreed(&repo, 29);
    let left = std::fs::read_dir(repo.path().join(".git/phx")).unwrap();
    assert!(left.flatten().all(|entry| !entry.file_name().to_string_lossy().starts_with("merge-")));
    // A rebase asks it too.
    repo.git(&["reset", "-q", "--hard", "HEAD~1"]);
    repo.git(&["checkout", "-q", "topic"]);
    repo.git(&["rebase", "-q", "main"]);
    repo.note(&repo.read(PLAN));
    repo.run(&["hook", "uninstall"]).exits(0);
    repo.run(&["hook", "status"]).exits(1);
}

#[test]
fn what_nobody_has_reviewed_as_a_whole_stays_in_conflict() {
    let edit_and_review = |repo: &Repo, from: &str, to: &str, at: &str| {
        repo.write("RISKS.md", repo.read("RISKS.md").replace(from, to));
        repo.run(&["--now", at, "review", "RISKS.md", "--yes"]).exits(0);
        repo.git(&["add", "-A"]);
    };
    let first = repo();
    let risks = "# Risks\n\n## Tides\n<!-- MANUAL - REQUIRES REVIEW -->\n\nHigh.\n\n## Wind\n<!-- MANUAL - REQUIRES REVIEW -->\n\nLow.\n";
    let text = document("  phase_number: 1\n", risks).replace("manual_sections: []", "manual_sections: [tides, wind]");
    first.write("RISKS.md", text).commit("risks");
    let repo = driven(
        first,
        |repo| edit_and_review(repo, "High.", "Higher.", "2025-08-30T10:00:00Z"),
        |repo| edit_and_review(repo, "Low.", "Lower.", "2025-08-31T10:00:00Z"),
    );
    repo.try_git(&["merge", "-q", "topic"], &[]).exits(1);
    let text = repo.read("RISKS.md");
    let conflict = &text[text.find("<<<<<<< ").unwrap()..text.find(">>>>>>> ").unwrap()];
    repo.note(&conflict);
}

#[test]
fn what_is_no_document_is_merged_as_git_does() {
    let write = |repo: &Repo, text: &str| {
        repo.write("README.md", text).git(&["add", "-A"]);
    };
    let repo = driven(repo(), |repo| write(repo, "# A\n\none\n"), |repo| write(repo, "# A\n\ntwo\n"));
    repo.try_git(&["merge", "-q", "topic"], &[]).exits(1);
    assert_eq!(repo.read("README.md"), "# A\n\n<<<<<<< ours\none\n=======\ntwo\n>>>>>>> theirs\n");
    repo.git(&["merge", "--abort"]);
    // A configuration that cannot be read is no reason to lose a side.
    repo.write("phx.toml", "[documents\n").git(&["add", "-A"]);
    repo.git(&["commit", "-qm", "broken", "--no-verify"]);
    repo.try_git(&["merge", "-q", "topic"], &[]).exits(1);
    repo.note(&repo.read("README.md"));
}
