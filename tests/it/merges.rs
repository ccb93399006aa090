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
    assert!(repo.read(PLAN).contains("<<<<<<< "));
    repo
}

#[test]
fn regen_settles_a_conflict_within_a_block() {
    let repo = in_conflict(repo(), |repo| change(repo, 5, 20), |repo| change(repo, 8, 9));
    let conflicted = repo.read(PLAN);
    repo.run(&["validate", "-o", "concise"]).exits(1).finds("error[unresolved-conflict] git left a conflict here");
    repo.run(&["validate"])
        .exits(1)
        .finds(&format!("`phx regen {PLAN}` settles a conflict that lies within one AUTO block"));
    repo.run(&["regen", "--check"]).exits(1).says(&format!("git left a conflict here; `phx regen {PLAN}` settles it"));
    assert_eq!(repo.read(PLAN), conflicted, "a check writes nothing");
    repo.run(&["regen"]).exits(0).says("`sprint_summary` written: the conflict is settled");
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
    repo.run(&["regen"]).exits(1).says("the sides have different values or text that no fact gives; keep one side");
    assert_eq!(repo.read(PLAN), conflicted);
    // A conflict elsewhere is not touched, and named.
    let repo = both();
    let text = repo.read(PLAN).replace("Notes of Ines.", "<<<<<<< a\nNotes of Ines.\n=======\nNotes.\n>>>>>>> b");
    repo.write(PLAN, &text);
    repo.run(&["regen"]).exits(1).says("git left a conflict here; no block of it is written");
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
