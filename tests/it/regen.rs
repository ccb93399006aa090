//! `phx regen`: written blocks, unchanged blocks, and reports.

use std::process::Command;

use crate::support::{Repo, assert_valid, document};

/// Document of the kind `upcoming-features` with two features of 13 points, and three AUTO blocks with wrong numbers.
fn plan() -> String {
    let body = "# Upcoming Features\n\n## Sprint Summary\n<!-- AUTO-GENERATED - DO NOT EDIT -->\nSprint: HARBOR Phase 1\n\
        Start Date: 2025-08-30\nTotal Features: 7\n- **Story Points**: `89`\nTeam Capacity: 100\nMood: good\n<!-- END AUTO-GENERATED -->\n\n\
        ### Priority 1: Now\n\n#### 1. Berth Booking\n**Status**: 🚧 In Progress | **Points**: 8 | **Owner**: Ines\n**Target**: soon\n\n\
        **Deliverables**:\n- a page\n\n**Dependencies**: Tide Tables (✅ Complete), Bank API (in review)\n\n\
        #### 2. Harbour Dues\n**Status**: Planned | **Points**: 5 | **Owner**: Ada\n**Target**: later\n\n**Deliverables**:\n- a bill\n\n\
        **Dependencies**: Bank API\n\n## Risk Assessment\n\n## Dependencies Status\n<!-- AUTO-GENERATED:dependency_status -->\n\
        <!-- END AUTO-GENERATED:dependency_status -->\n\n## Sprint Metrics\n<!-- AUTO-GENERATED - DO NOT EDIT -->\n- Features Planned: 7\n\
        - Team Velocity (3-sprint avg): 72\n<!-- END AUTO-GENERATED -->\n\nThe end.\n";
    document("  phase_number: 1\n  kind: upcoming-features\n", body)
        .replace("auto_sections: []", "auto_sections: [sprint_summary, dependency_status, sprint_metrics]")
}

/// Returns the lines that only the old text has, and the lines that only the new text has.
fn changed(old: &str, new: &str) -> (Vec<String>, Vec<String>) {
    let without = |a: &str, b: &str| -> Vec<String> {
        a.lines().filter(|line| !b.lines().any(|other| other == *line)).map(str::to_owned).collect()
    };
    (without(old, new), without(new, old))
}

/// Repository with one document, without Git data.
fn repo(text: &str) -> Repo {
    let repo = Repo::new();
    repo.write("docs/PLAN.md", text);
    repo
}

/// Git repository with the committed document.
fn committed(text: &str) -> Repo {
    let repo = Repo::with_git();
    repo.write("docs/PLAN.md", text).commit("first");
    repo
}

#[test]
fn writes_auto_bodies_and_changes_nothing_else() {
    let repo = repo(&plan());
    repo.run(&["regen"]).exits(0);
    let (removed, added) = changed(&plan(), &repo.read("docs/PLAN.md"));
    assert_eq!(
        removed,
        [
            "Sprint: HARBOR Phase 1",
            "Total Features: 7",
            "- **Story Points**: `89`",
            "<!-- END AUTO-GENERATED -->",
            "<!-- END AUTO-GENERATED:dependency_status -->",
            "- Features Planned: 7",
            "<!-- END AUTO-GENERATED -->"
        ]
    );
    assert_eq!(
        added,
        [
            "Sprint: PHOENIX_RISING Phase 1",
            "Total Features: 2",
            "- **Story Points**: `13`",
            "<!-- END AUTO-GENERATED sum:63e026afa8e4e33d -->",
            "| Dependency | Status | Blocking | Notes |",
            "|------------|--------|----------|-------|",
            "| Tide Tables | ✅ Complete | Berth Booking | Ready |",
            "| Bank API | in review | Berth Booking, Harbour Dues | Waiting |",
            "<!-- END AUTO-GENERATED:dependency_status sum:18ca98484a100805 -->",
            "- Features Planned: 2",
            "- Story Points Committed: 13",
            "<!-- END AUTO-GENERATED sum:2b1a825788a39144 -->"
        ]
    );
    let once = repo.read("docs/PLAN.md");
    repo.run(&["regen"]).exits(0);
    assert_eq!(repo.read("docs/PLAN.md"), once);
    repo.validate().exits(0);
}

#[test]
fn check_prints_a_diff_and_writes_nothing() {
    let _transcript = crate::transcript::Transcript::of_this_test();
    for (ending, last) in [("\n", "\n"), ("\r\n", "\r\n"), ("\n", "")] {
        let text = plan().replace("\n\nThe end.\n", "").replace('\n', ending) + last;
        let repo = repo(&text);
        let file = repo.path().join("docs/PLAN.md");
        let modified = || std::fs::metadata(&file).unwrap().modified().unwrap();
        let before = modified();
        let run = repo.run(&["regen", "--check"]).exits(1);
        assert_eq!((repo.read("docs/PLAN.md"), modified()), (text.clone(), before));

        let patched = Repo::bare();
        patched.write("docs/PLAN.md", &text).write("the.diff", &run.stdout);
        let patch = Command::new("patch")
            .args(["--binary", "-p1", "-s", "-i", "the.diff"])
            .current_dir(patched.path())
            .output()
            .unwrap();
        assert!(patch.status.success(), "{}\n{}", String::from_utf8_lossy(&patch.stdout), run.stdout);
        repo.run(&["regen"]).exits(0);
        assert_eq!(patched.read("docs/PLAN.md"), repo.read("docs/PLAN.md"));
        repo.run(&["regen", "--check"]).exits(0);
    }
}

#[test]
fn keeps_line_endings_bom_and_final_line() {
    let text = format!("\u{FEFF}{}", plan().trim_end().replace('\n', "\r\n"));
    let repo = repo(&text);
    repo.run(&["regen"]).exits(0);
    let new = repo.read("docs/PLAN.md");
    assert!(new.starts_with("\u{FEFF}---\r\n") && new.ends_with("The end."));
    assert_eq!(new.matches('\n').count(), new.matches("\r\n").count());
    repo.note(&new);
}

#[test]
fn section_writes_only_one_block() {
    let repo = repo(&plan());
    repo.run(&["regen", "--section", "sprint_metrics"]).exits(0);
    let text = repo.read("docs/PLAN.md");
    repo.note(&text);
    repo.run(&["regen", "--section", "sprint_metric"]).exits(2);
}

#[test]
fn keeps_values_of_unavailable_facts_and_reports_their_keys() {
    let repo = repo(&plan());
    repo.run(&["regen"]).exits(0);
    repo.run(&["regen", "-v"]).exits(0);
    repo.write(
        "phx.toml",
        "[facts.sprint]\nstart = 2025-09-01\nend = 2025-09-14\ncapacity = 60\nvelocity = [70, 74, 71]\n",
    );
    repo.run(&["regen"]).exits(0);
    let text = repo.read("docs/PLAN.md");
    repo.note(&text);
    repo.write("phx.toml", "[facts.sprint]\nvelocity = [12, 13, 14, 15, 2]\n").run(&["regen"]).exits(0);
    repo.note(&repo.read("docs/PLAN.md"));
}

#[test]
fn json_reports_the_changes() {
    let repo = repo(&plan());
    let check = repo.run(&["regen", "--check", "-o", "json"]).exits(1).json();
    assert_valid("schemas/regen.schema.json", &check);
    assert_eq!(check["mode"], "check");
    let outcomes = |run: &serde_json::Value| -> Vec<String> {
        let blocks = run["documents"][0]["blocks"].as_array().unwrap().iter();
        blocks.map(|block| block["outcome"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(outcomes(&check), ["outdated", "outdated", "outdated"]);
    assert!(check["documents"][0]["diff"].as_str().unwrap().contains("+Total Features: 2\n"));
    let write = repo.run(&["regen", "-o", "json"]).exits(0).json();
    assert_valid("schemas/regen.schema.json", &write);
    assert_eq!(outcomes(&write), ["written", "written", "written"]);
    let changes = &write["documents"][0]["blocks"][0]["changes"];
    assert_eq!(
        changes,
        "`Sprint` HARBOR Phase 1 → PHOENIX_RISING Phase 1, `Total Features` 7 → 2, `Story Points` `89` → `13` (2 items in priority_1)"
    );
    let again = repo.run(&["regen", "-o", "json"]).exits(0).json();
    assert_eq!(outcomes(&again), ["current", "current", "current"]);
    assert_eq!(again["documents"][0]["diff"], serde_json::Value::Null);
}

#[test]
fn reports_a_hand_edit_and_restores_it_with_force() {
    let repo = committed(&plan());
    repo.run(&["regen", "-q"]).exits(0);
    repo.commit("regenerated");
    let generated = repo.read("docs/PLAN.md");
    // Values without a source are maintained by hand; `--force` does not restore them.
    let by_hand = generated.replace("Team Capacity: 100", "Team Capacity: 140").replace("Mood: good", "Mood: bad");
    assert_ne!(by_hand, generated);
    repo.write("docs/PLAN.md", &by_hand).validate().exits(0);
    let edited = by_hand.replace("Total Features: 2", "Total Features: 20");
    repo.write("docs/PLAN.md", &edited);
    let out = repo.validate().exits(1);
    let edit = "line 20: `Total Features` is `20`, phx wrote `2`";
    assert_eq!(
        out.stdout,
        format!(
            "docs/PLAN.md:24:1: error[edited-auto-section] AUTO block `sprint_summary` was edited by hand: {edit}\n"
        )
    );
    for arguments in [&["regen"][..], &["regen", "--check"]] {
        repo.run(arguments).exits(1);
        assert_eq!(repo.read("docs/PLAN.md"), edited);
    }
    repo.run(&["regen", "--force"]).exits(0);
    assert_eq!(repo.read("docs/PLAN.md"), by_hand, "only values of facts are restored");
}

#[test]
fn force_restores_values_of_facts_without_history() {
    let repo = repo(&plan());
    repo.run(&["regen", "-q"]).exits(0);
    let text = repo.read("docs/PLAN.md");
    repo.write(
        "docs/PLAN.md",
        text.replace("Total Features: 2", "Total Features: 3").replace("Capacity: 100", "Capacity: 9"),
    );
    repo.run(&["regen"]).exits(1);
    repo.run(&["regen", "--force"]).exits(0);
    let restored = repo.read("docs/PLAN.md");
    repo.note(&restored);
    repo.validate().exits(0);
}

#[test]
fn accepts_a_hand_edit_that_matches_the_rendering() {
    let repo = committed(&plan());
    repo.run(&["regen", "-q"]).exits(0);
    repo.commit("regenerated");
    let text = repo.read("docs/PLAN.md");
    // The author changes points and also corrects the numbers by hand.
    let edited = text
        .replace("**Points**: 5", "**Points**: 6")
        .replace("`13`", "`14`")
        .replace("Committed: 13", "Committed: 14");
    repo.write("docs/PLAN.md", &edited);
    repo.run(&["regen", "--check"]).exits(1);
    repo.run(&["regen"]).exits(0);
    repo.validate().exits(0);
    repo.note(&repo.read("docs/PLAN.md"));
}

#[test]
fn regenerates_edited_bodies_during_a_merge() {
    let repo = committed(&plan());
    repo.run(&["regen", "-q"]).exits(0);
    repo.commit("regenerated");
    let text = repo.read("docs/PLAN.md");
    let merged = text.replace("Total Features: 2", "Total Features: 9");
    repo.write("docs/PLAN.md", &merged);
    repo.run(&["regen"]).exits(1);
    let head = repo.git(&["rev-parse", "HEAD"]);
    repo.write(".git/MERGE_HEAD", head);
    repo.run(&["regen"]).exits(0);
    assert_eq!(repo.read("docs/PLAN.md"), text);
}

#[test]
fn clean_removes_bodies_and_checksums() {
    let repo = repo(&plan());
    repo.run(&["regen", "-q"]).exits(0);
    let text = repo.read("docs/PLAN.md");
    repo.write("docs/PLAN.md", text.replace("Features Planned: 2", "Features Planned: 3"));
    repo.run(&["regen", "--clean"]).exits(1);
    repo.run(&["regen", "--clean", "--force", "--check"]).exits(1);
    repo.run(&["regen", "--clean", "--force"]).exits(0);
    let clean = repo.read("docs/PLAN.md");
    assert_eq!(clean.matches("DO NOT EDIT -->\n<!-- END AUTO-GENERATED -->\n").count(), 2, "{clean}");
    repo.note(&clean);
    repo.run(&["regen", "--clean"]).exits(0);
}

#[test]
fn skips_documents_with_syntax_errors() {
    let broken = plan().replace("<!-- END AUTO-GENERATED:dependency_status -->\n", "");
    let repo = repo(&plan());
    repo.write("a.md", &broken).write("b.md", b"---\ngovernance:\n  owner: \xff\n---\n# T\n");
    repo.run(&["regen"]).exits(1);
    assert_eq!(repo.read("a.md"), broken);
}

#[test]
fn ignores_markers_of_other_tools() {
    let other = "<!-- BEGIN_TF_DOCS -->\nTotal Features: 1\n<!-- END_TF_DOCS -->\n\n<!-- START doctoc generated TOC -->\n- a\n<!-- END doctoc -->\n\n\
                 <!-- [[[cog\nprint(1)\n]]] -->\n1\n<!-- [[[end]]] -->\n";
    let text = plan().replace("The end.\n", other);
    let repo = repo(&text);
    repo.run(&["regen"]).exits(0);
    assert!(repo.read("docs/PLAN.md").ends_with(other));
}

#[test]
fn keeps_blocks_in_code_and_without_a_template() {
    let text = plan().replace(
        "The end.\n",
        "```md\n## Sprint Summary\n<!-- AUTO-GENERATED -->\nTotal Features: 1\n<!-- END AUTO-GENERATED -->\n```\n\n## Weather\n<!-- AUTO-GENERATED -->\nrain\n<!-- END AUTO-GENERATED -->\n",
    );
    let repo = repo(&text);
    repo.run(&["regen", "-v"]).exits(0);
    let new = repo.read("docs/PLAN.md");
    repo.note(&new);
    assert!(new.ends_with("rain\n<!-- END AUTO-GENERATED -->\n"));
    assert_eq!(repo.run(&["regen", "--check", "docs/PLAN.md"]).exits(0).stdout, "");
}

#[test]
fn a_document_without_features_keeps_ungenerated_numbers() {
    let text = document(
        "  phase_number: 1\n  kind: upcoming-features\n",
        "# T\n\n## Sprint Summary\n<!-- AUTO-GENERATED -->\nTotal Features: 7\n<!-- END AUTO-GENERATED -->\n",
    );
    let repo = repo(&text);
    repo.run(&["regen"]).exits(0);
    assert_eq!(repo.read("docs/PLAN.md"), text, "the features may have a form that phx does not read");
    let one = plan();
    repo.write("docs/PLAN.md", &one).run(&["regen", "-q"]).exits(0);
    let written = repo.read("docs/PLAN.md");
    let start = written.find("#### 1. ").unwrap();
    let end = written.find("## Risk").unwrap();
    repo.write("docs/PLAN.md", format!("{}{}", &written[..start], &written[end..]));
    repo.run(&["regen", "-q"]).exits(0);
    repo.note(&repo.read("docs/PLAN.md"));
}

#[test]
fn reports_missing_documents_and_missing_files() {
    let repo = Repo::new();
    repo.run(&["regen"]).exits(3);
    repo.run(&["regen", "--allow-empty"]).exits(0);
    repo.run(&["regen", "no.md"]).exits(2);
    repo.run(&["regen", "--measured"]).exits(2);
}

#[test]
fn indents_a_body_inside_a_list() {
    let text = document(
        "  phase_number: 1\n  kind: active-mocks\n",
        "# T\n\n## Mock Summary\n\n- entry\n\n  <!-- AUTO-GENERATED -->\n  <!-- END AUTO-GENERATED -->\n\n## Active Mocks\n\n### Bank\n**Status**: Active | **Fidelity**: Low | **Impact**: High\n**Location**: y\n",
    );
    let repo = repo(&text);
    repo.run(&["regen"]).exits(0);
    repo.note(&repo.read("docs/PLAN.md"));
}

#[test]
fn diffs_quote_special_file_names() {
    let _transcript = crate::transcript::Transcript::of_this_test();
    for name in ["my docs/PLAN.md", "größe/PLAN.md"] {
        let (repo, patched) = (Repo::new(), Repo::bare());
        repo.write(name, plan());
        let run = repo.run(&["regen", "--check"]).exits(1);
        patched.write(name, plan()).write("the.diff", &run.stdout);
        let patch =
            Command::new("patch").args(["-p1", "-s", "-i", "the.diff"]).current_dir(patched.path()).output().unwrap();
        assert!(patch.status.success(), "{}\n{}", String::from_utf8_lossy(&patch.stdout), run.stdout);
        repo.run(&["regen", "-q"]).exits(0);
        assert_eq!(patched.read(name), repo.read(name));
    }
}

#[test]
fn a_diff_with_a_lone_carriage_return_applies() {
    let text = plan().replace("Mood: good\n", "Mood: good\rMood: bad\n");
    let repo = repo(&text);
    repo.run(&["regen", "--check"]).exits(1);
    let run = repo.run(&["regen", "--check", "-o", "json"]).exits(1);
    let diff = run.json()["documents"][0]["diff"].as_str().unwrap().to_owned();
    let patched = Repo::bare();
    patched.write("docs/PLAN.md", &text).write("the.diff", &diff);
    let arguments = ["--binary", "-p1", "-s", "-i", "the.diff"];
    let patch = Command::new("patch").args(arguments).current_dir(patched.path()).output().unwrap();
    assert!(patch.status.success(), "{}\n{}", String::from_utf8_lossy(&patch.stdout), run.stdout);
    repo.run(&["regen", "-q"]).exits(0);
    assert_eq!(patched.read("docs/PLAN.md"), repo.read("docs/PLAN.md"));
}

#[test]
fn check_suggests_the_command_with_its_options() {
    let repo = repo(&plan());
    repo.run(&["regen", "--check", "--clean", "--force"]).exits(1);
    repo.run(&["regen", "--check", "--force"]).exits(1);
}

#[test]
fn drops_rows_without_a_fact_only_with_force() {
    let body = "# T\n\n## Dependencies Status\n<!-- AUTO-GENERATED - DO NOT EDIT -->\n| Dependency | Status | Blocking | Notes |\n|---|---|---|---|\n\
        | Vendor API | Contract signed | Berth | Ready |\n<!-- END AUTO-GENERATED -->\n\n## Priority 1: Now\n\n### Berth\n**Status**: Planned\n\
        **Points**: 3\n**Dependencies**: Tide Tables (✅ Complete)\n";
    let text = document("  phase_number: 1\n  kind: upcoming-features\n", body)
        .replace("auto_sections: []", "auto_sections: [dependency_status]");
    let repo = Repo::with_git();
    repo.write("DOC.md", &text).commit("first");
    repo.run(&["regen"]).exits(1);
    repo.run(&["regen", "--check"]).exits(1);
    assert_eq!(repo.read("DOC.md"), text);
    // `--clean` would drop the row too, so it also requires `--force`.
    repo.run(&["regen", "--clean"]).exits(1);
    assert_eq!(repo.read("DOC.md"), text);
    repo.run(&["regen", "--force"]).exits(0);
    let written = repo.read("DOC.md");
    repo.note(&written);
    repo.run(&["regen", "--clean"]).exits(0);
    repo.note(&repo.read("DOC.md"));
}
