//! The merge driver on random edits of two branches, and in histories that Git merges in several steps.

use std::fmt::Write;

use crate::commits::{PLAN, assert_consistent, change, commit, plan, repo};
use crate::support::{Random, Repo};

const MERGES: u64 = 200;
/// Edit of one side of a merge; the number selects a variant.
type Edit = fn(&str, usize) -> String;

const EDITS: &[Edit] = &[
    |text, n| text.replacen("**Points**: 8 ", &format!("**Points**: {} ", 20 + n % 3), 1),
    |text, n| text.replacen("**Points**: 5 ", &format!("**Points**: {} ", 30 + n % 3), 1),
    |text, n| text.replacen("Notes of Ines.", &format!("Notes of Ines, {}.", n % 3), 1),
    |text, n| text.replacen("- a page", &format!("- a page\n- part {}", n % 3), 1),
    |text, n| text.replacen("**Target**: soon", &format!("**Target**: in {} weeks", n % 3), 1),
    |text, n| text.replacen("Low.", &format!("Low, by {}.", n % 3), 1),
    |text, n| text.replacen("2025-08-29T15:35:33Z", &format!("2025-08-3{}T10:00:00Z", n % 2), 1),
    |text, n| text.replacen("<!-- MANUAL -->", &format!("<!-- MANUAL reviewed:2025-08-3{} -->", n % 2), 1),
    |text, n| {
        text.replacen(
            "\n## Risk",
            &format!("\n#### 3. Quay {}\n**Status**: Planned | **Points**: 1 | **Owner**: Ines\n\n## Risk", n % 3),
            1,
        )
    },
];

/// Returns the text without AUTO bodies, checksums and review dates, and without the stamp unless `keeps_stamp`.
fn masked(text: &str, keeps_stamp: bool) -> String {
    let mut out = String::new();
    let mut is_auto = false;
    for line in text.split_inclusive('\n') {
        is_auto &= !line.contains("END AUTO-GENERATED");
        let key = line.split(':').next().unwrap_or_default().trim();
        if line.contains("END AUTO-GENERATED") {
            out.push_str("<!-- END AUTO-GENERATED -->\n");
        } else if line.starts_with("<!-- MANUAL") {
            out.push_str("<!-- MANUAL -->\n");
        } else if !keeps_stamp && ["correlation_id", "last_updated", "update_required_by"].contains(&key) {
            writeln!(out, "{key}").unwrap();
        } else if !is_auto {
            out.push_str(line);
        }
        is_auto |= line.contains("AUTO-GENERATED - DO NOT EDIT");
    }
    out
}

#[test]
fn the_driver_merges_like_git_outside_stamps_and_blocks() {
    let repo = Repo::with_git();
    let mut random = Random(7);
    let base = plan(&[8, 5]);
    for merge in 0..MERGES {
        for side in ["base", "ours", "theirs"] {
            let mut text = base.clone();
            for edit in EDITS.iter().filter(|_| side != "base") {
                if random.below(3) == 0 {
                    text = edit(&text, random.below(6));
                }
            }
            repo.write(&format!("docs/{merge}-{side}.md"), text);
        }
    }
    repo.run(&["regen", "-q"]).exits(0);
    let (mut clean, mut conflicts) = (0, 0);
    for merge in 0..MERGES {
        let names = ["base", "ours", "theirs"].map(|side| format!("docs/{merge}-{side}.md"));
        let texts = names.each_ref().map(|name| repo.read(name));
        // If both sides changed the MANUAL section differently, the driver leaves the stamp to Git.
        let is_original = texts.each_ref().map(|text| text.contains("\nLow.\n"));
        let low = |text: &str| text.lines().find(|line| line.starts_with("Low")).map(str::to_owned);
        let keeps_stamp = is_original == [true, false, false] && low(&texts[1]) != low(&texts[2]);
        let masks: Vec<String> = texts
            .iter()
            .zip(["o", "a", "b"])
            .map(|(text, name)| {
                repo.write(name, masked(text, keeps_stamp));
                name.to_owned()
            })
            .collect();
        let expected = repo.try_git(
            &["merge-file", "-p", "-L", "ours", "-L", "base", "-L", "theirs", &masks[1], &masks[0], &masks[2]],
            &[],
        );
        let run = repo.run(&["merge-driver", &names[0], &names[1], &names[2], "7", PLAN]);
        let merged = repo.read(&names[1]);
        assert_eq!(masked(&merged, keeps_stamp), expected.stdout, "merge {merge}: {}\n{merged}", run.stderr);
        let has_conflicts = merged.contains("<<<<<<< ");
        run.exits(i32::from(has_conflicts));
        *(if has_conflicts { &mut conflicts } else { &mut clean }) += 1;
    }
    assert!(clean > MERGES / 10 && conflicts > MERGES / 10, "{clean} clean, {conflicts} with conflicts");
}

/// Changes points and commits them with regenerated numbers.
fn step(repo: &Repo, old: u32, new: u32) {
    change(repo, old, new);
    repo.run(&["regen", "-q"]).exits(0);
    repo.git(&["commit", "-qam", &format!("{new} points")]);
}

/// Merges a branch and commits the merge with regenerated numbers.
fn merge(repo: &Repo, arguments: &[&str]) {
    repo.try_git(&[&["merge", "-q", "--no-edit"], arguments].concat(), &[]);
    repo.note(&repo.read(PLAN));
    repo.run(&["regen", "-q", "--staged"]).exits(0);
    commit(repo, &[]).exits(0);
}

#[test]
fn the_driver_supports_criss_cross_merges() {
    let _transcript = crate::transcript::Transcript::of_this_test();
    for strategy in ["ort", "recursive"] {
        let repo = repo();
        repo.write(".gitattributes", "*.md merge=phx\n").commit("attributes");
        repo.git(&["checkout", "-qb", "topic"]);
        step(&repo, 8, 9);
        repo.git(&["checkout", "-q", "main"]);
        step(&repo, 5, 20);
        let first = repo.git(&["rev-parse", "main"]);
        merge(&repo, &["-s", strategy, "topic"]);
        repo.git(&["checkout", "-q", "topic"]);
        merge(&repo, &["-s", strategy, first.trim()]);
        step(&repo, 9, 10);
        repo.git(&["checkout", "-q", "main"]);
        step(&repo, 20, 21);
        assert_eq!(repo.git(&["merge-base", "--all", "main", "topic"]).lines().count(), 2);
        merge(&repo, &["-s", strategy, "topic"]);
        assert_consistent(&repo, 31);
    }
}

#[test]
fn a_cherry_pick_does_not_copy_numbers() {
    let repo = repo();
    repo.write(".gitattributes", "*.md merge=phx\n").commit("attributes");
    repo.git(&["checkout", "-qb", "topic"]);
    step(&repo, 8, 9);
    repo.git(&["checkout", "-q", "main"]);
    step(&repo, 5, 20);
    repo.try_git(&["cherry-pick", "topic"], &[]);
    repo.note(&repo.read(PLAN));
    repo.run(&["regen", "-q"]).exits(0);
    repo.git(&["add", "-A"]);
    repo.try_git(&["-c", "core.editor=true", "cherry-pick", "--continue"], &[]);
    if repo.git(&["status", "--porcelain"]).contains("M ") {
        commit(&repo, &[]).exits(0);
    }
    assert_consistent(&repo, 29);
}
