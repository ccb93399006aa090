//! What phx reads, what it refuses to write, and help that works when it is followed literally.

use serde_json::Value;

use crate::support::{Repo, document};

const AUTO: &str = "<!-- AUTO-GENERATED - DO NOT EDIT -->";
const END: &str = "<!-- END AUTO-GENERATED -->";

fn plan(summary: &str, features: &str) -> String {
    document(
        "  phase_number: 1\n  kind: upcoming-features\n",
        &format!("# T\n\n## Sprint Summary\n{AUTO}\n{summary}{END}\n\n## Priority 1: Now\n\n{features}"),
    )
    .replace("auto_sections: []", "auto_sections: [sprint_summary]")
}

fn feature(title: &str, points: &str) -> String {
    format!("### {title}\n**Status**: Planned\n**Points**: {points}\n**Owner**: Ines\n**Target**: May\n\n")
}

/// A committed and generated plan with two features.
fn committed() -> (Repo, String) {
    let repo = Repo::with_git();
    repo.write("PLAN.md", plan("", &(feature("Tides", "5") + &feature("Berths", "3"))));
    repo.run(&["regen", "-q"]).exits(0);
    repo.commit("first");
    let text = repo.read("PLAN.md");
    repo.note(&text);
    (repo, text)
}

#[test]
fn the_hook_reads_fields_in_another_form() {
    let (repo, text) = committed();
    let bullets = text.replace("**Status**", "- **Status**").replace("**Points**", "- Points");
    repo.write("PLAN.md", &bullets).git(&["add", "-A"]);
    repo.run(&["hook", "run", "pre-commit"]).exits(1);
    assert_eq!(repo.git(&["show", ":PLAN.md"]), bullets);
    repo.run(&["regen", "--check"]).exits(0);
}

#[test]
fn the_hook_does_not_write_over_an_item_that_it_cannot_read() {
    let (repo, text) = committed();
    let prose = text.replace(&feature("Berths", "3"), "### Berths\n\nThree points, Ines.\n\n");
    repo.write("PLAN.md", &prose).git(&["add", "-A"]);
    repo.run(&["hook", "run", "pre-commit"]).exits(1);
    assert_eq!(repo.git(&["show", ":PLAN.md"]), prose, "nothing was written");
    for arguments in [&["regen"][..], &["regen", "--force"], &["regen", "--staged"]] {
        repo.run(arguments).exits(1);
        assert_eq!(repo.read("PLAN.md"), prose);
    }
    // A suppression with a reason states that the heading is not a feature; one without does not.
    let ignored =
        |reason: &str| prose.replace("### Berths", &format!("<!-- phx-ignore unread-item{reason} -->\n### Berths"));
    repo.write("PLAN.md", ignored("")).run(&["regen"]).exits(1);
    repo.write("PLAN.md", ignored(": a remark")).run(&["regen"]).exits(0);
    repo.note(&repo.read("PLAN.md"));
}

#[test]
fn a_document_that_loses_its_governance_block_is_found() {
    let (repo, text) = committed();
    for lost in [text.replace("governance:", "governence:"), text[text.find("# T").unwrap()..].to_owned()] {
        repo.write("PLAN.md", &lost).git(&["add", "-A"]);
        repo.run(&["hook", "run", "pre-commit"]).exits(1);
        repo.run(&["validate", "-o", "concise", "--since", "HEAD"]).exits(1);
        repo.run(&["validate", "-o", "concise", "PLAN.md"]).exits(0);
    }
    // A file that moves keeps its text, and is not checked where phx does not look.
    repo.git(&["reset", "-q", "--hard"]);
    repo.git(&["mv", "PLAN.md", "PLAN.txt"]);
    repo.run(&["hook", "run", "pre-commit"]).exits(1);
    repo.run(&["validate", "-o", "concise", "--staged"]).exits(1);
    repo.run(&["validate", "-o", "concise", "--since", "HEAD"]).exits(1);
    repo.git(&["commit", "-qm", "moved", "--no-verify"]);
    repo.run(&["validate", "-o", "concise", "--rev", "HEAD"]).exits(1);
    repo.run(&["audit", "--range", "HEAD~1..HEAD"]).exits(1);
    repo.git(&["reset", "-q", "--hard", "HEAD~1"]);
    #[cfg(unix)]
    {
        std::fs::remove_file(repo.path().join("PLAN.md")).unwrap();
        std::os::unix::fs::symlink("elsewhere", repo.path().join("PLAN.md")).unwrap();
        repo.git(&["add", "-A"]);
        repo.run(&["hook", "run", "pre-commit"]).exits(1);
        repo.git(&["reset", "-q", "--hard"]);
    }
    // Without markers, what shows it is the ledger.
    repo.write("PLAN.md", &text).git(&["add", "-A"]);
    repo.run(&["review", "PLAN.md", "--yes"]).exits(0);
    repo.write("PLAN.md", "# T\n");
    repo.run(&["validate", "-o", "concise", "PLAN.md"]).recorded();
}

#[test]
fn a_document_that_loses_its_kind_by_a_new_name_is_found() {
    let (repo, _) = committed();
    repo.git(&["mv", "PLAN.md", "UPCOMING_FEATURES.md"]);
    let unnamed = repo.read("UPCOMING_FEATURES.md").replace("  kind: upcoming-features\n", "");
    repo.write("UPCOMING_FEATURES.md", unnamed).git(&["commit", "-qam", "named", "--no-verify"]);
    repo.git(&["mv", "UPCOMING_FEATURES.md", "FEATURES.md"]);
    let run = repo.run(&["validate", "-o", "concise", "--staged"]).exits(1);
    run.recorded();
    // The help works.
    let named = repo.read("FEATURES.md").replace("governance:\n", "governance:\n  kind: upcoming-features\n");
    repo.write("FEATURES.md", named).git(&["add", "-A"]);
    repo.run(&["validate", "-o", "concise", "--staged"]).recorded();
    // Deleting a document is no loss of governance.
    repo.git(&["reset", "-q", "--hard"]);
    repo.git(&["rm", "-q", "UPCOMING_FEATURES.md"]);
    repo.run(&["validate", "-o", "concise", "--staged"]).recorded();
}

#[test]
fn an_id_without_a_record_does_not_hide_a_changed_section() {
    let repo = Repo::with_git();
    let text = document("  phase_number: 1\n", "# T\n\n## Risks\n<!-- MANUAL - REQUIRES REVIEW -->\n\nNone.\n")
        .replace("manual_sections: []", "manual_sections: [risks]");
    repo.write("DOC.md", text).commit("first");
    repo.run(&["review", "DOC.md", "--yes"]).exits(0);
    repo.commit("review");
    let stamped = repo.read("DOC.md");
    let id = stamped.split("correlation_id: ").nth(1).unwrap().split('\n').next().unwrap().to_owned();
    let changed = stamped.replace(&id, "4018e185-d0ad-4382-91cf-3224b61fcdf0").replace("None.", "Some.");
    repo.write("DOC.md", changed);
    repo.validate().recorded();
}

#[test]
fn the_configuration_adds_labels_and_words() {
    let repo = Repo::new();
    let german = "### Kai\n**Zustand**: Geplant\n**Aufwand**: 5 Aufwand\n**Zuständig**: Ines\n**Termin**: Mai\n";
    repo.write("PLAN.md", plan("", german));
    repo.run(&["regen"]).exits(1);
    repo.write(
        "phx.toml",
        "[[kind]]\nname = \"upcoming-features\"\naliases = { status = \"Zustand\", points = [\"Aufwand\"], owner = [\"Zuständig\", \
         \"Leitung\"], target = \"Termin\" }\nvocabulary = { status = { Planned = [\"Geplant\"] } }\n",
    );
    repo.run(&["regen"]).exits(0);
    repo.note(&repo.read("PLAN.md"));
    repo.validate().recorded();
    repo.write("phx.toml", "[[kind]]\nname = \"upcoming-features\"\nvocabulary = { statsu = { Planned = [\"x\"] } }\n");
    repo.run(&["validate", "-o", "concise"]).exits(2);
    repo.write("phx.toml", "[[kind]]\nname = \"upcoming-features\"\naliases = { points = 3 }\n");
    repo.run(&["validate", "-o", "concise"]).exits(2);
}

#[test]
fn the_same_quantity_is_never_written_twice() {
    let repo = Repo::new();
    let text = plan("Stories: 7\nStory Points: 9\n", &feature("Tides", "5"));
    repo.write("PLAN.md", &text);
    repo.run(&["regen"]).exits(1);
    assert_eq!(repo.read("PLAN.md"), text);
    repo.write("phx.toml", "[[kind]]\nname = \"upcoming-features\"\naliases = { total_features = \"stories\" }\n");
    repo.run(&["regen"]).exits(0);
    repo.note(&repo.read("PLAN.md"));
}

#[test]
fn values_in_a_table_of_metrics_are_written_in_their_rows() {
    let repo = Repo::new();
    let body =
        "| Metric | Value |\n|:-------|------:|\n| **Features** | `9` |\n| Points total | 9 |\n| Mood | good |\n";
    repo.write("PLAN.md", plan(body, &feature("Tides", "2.5")));
    repo.run(&["regen"]).exits(0);
    let text = repo.read("PLAN.md");
    repo.note(&text);
    // Alignment is not an edit, nor is a value that nothing gives.
    repo.write(
        "PLAN.md",
        text.replace("| Mood | good |", "|  Mood  |  bad  |").replace("|:-------|------:|", "|---|---|"),
    );
    repo.validate().recorded();
    repo.write("PLAN.md", text.replace("`1`", "`8`"));
    repo.validate().recorded();
}

#[test]
fn the_items_behind_a_number_are_listed() {
    let repo = Repo::new();
    repo.write("PLAN.md", plan("", &(feature("1. Tides", "5") + &feature("Berths", "3"))));
    repo.run(&["-v", "regen"]).exits(0);
}

/// The finding of a rule in `phx validate -o json`.
fn finding(repo: &Repo, rule: &str) -> Option<Value> {
    let report = repo.run(&["validate", "-o", "json"]).json();
    let findings = report["findings"].as_array().unwrap();
    findings.iter().find(|finding| finding["rule"] == rule).cloned()
}

#[test]
fn help_that_says_what_to_write_works_literally() {
    let text =
        document("  phase_number: 1\n", "# T\n\n## A\n<!-- AUTO-GENERATED:a -->\nx\n<!-- END AUTO-GENERATED:a -->\n")
            .replace("auto_sections: []", "auto_sections: [a]");
    let cases = [
        ("schema-violation", "validation_schema: v1.0", "validation_schema: 1.0"),
        ("schema-violation", "phase_number: 1", "phase_number: \"2\""),
        ("schema-violation", "auto_sections: [a]", "auto_sections: a"),
        ("schema-violation", "update_required_by: 2025-09-12T15:35:33Z", "update_required_by: 2025-09-12"),
        ("schema-violation", "update_required_by: 2025-09-12T15:35:33Z", "update_required_by: 2025-09-12T15:35:33"),
        ("malformed-marker", "<!-- AUTO-GENERATED:a -->", "<!-- BEGIN AUTO-GENERATED:a -->"),
        ("malformed-marker", "<!-- END AUTO-GENERATED:a -->", "<!--/AUTO-GENERATED:a-->"),
    ];
    for (rule, good, bad) in cases {
        let repo = Repo::new();
        let text = text.replace(good, bad);
        repo.write("DOC.md", &text);
        let found = finding(&repo, rule).unwrap_or_else(|| panic!("{bad}: no {rule}"));
        let help = found["help"].as_str().unwrap();
        let written = help.split('`').nth(1).unwrap_or_else(|| panic!("{bad}: {help}"));
        let offset = |key: &str| usize::try_from(found[key].as_u64().unwrap()).unwrap();
        let (start, end) = (offset("byte_start"), offset("byte_end"));
        repo.write("DOC.md", format!("{}{written}{}", &text[..start], &text[end..]));
        assert!(finding(&repo, rule).is_none(), "{bad}: {help}\n{}", repo.read("DOC.md"));
    }
}

#[test]
fn help_that_names_keys_of_the_configuration_works_literally() {
    let repo = Repo::new();
    let body = format!("# T\n\n## Milestone Tracking\n{AUTO}\n- Crane: late\n- Quay: on time\n{END}\n");
    repo.write("DOC.md", document("  phase_number: 1\n  kind: phase-plan\n", &body));
    repo.run(&["regen"]).exits(0);
    repo.write("phx.toml", "[facts]\nmilestones = { on_track = 1, late = [\"Crane\"] }\n");
    repo.run(&["regen"]).exits(1);
    repo.run(&["regen", "--force", "DOC.md"]).exits(0);
    let text = repo.read("DOC.md");
    repo.note(&text);

    let repo = Repo::new();
    let body = format!("# T\n\n## Test Coverage Report\n{AUTO}\n{END}\n");
    repo.write("DOC.md", document("  phase_number: 1\n  kind: implemented-features\n", &body));
    repo.run(&["regen"]).exits(0);
    repo.write("lcov.info", "SF:src/a.rs\nDA:1,1\nDA:2,0\nend_of_record\n");
    repo.write("phx.toml", "[coverage]\nreports = [\"lcov.info\"]\n");
    repo.run(&["regen"]).exits(0);
    repo.write(
        "phx.toml",
        "[coverage]\nreports = [\"lcov.info\"]\nfolders = [{ path = \"src\", title = \"Source\" }]\n",
    );
    repo.run(&["regen"]).exits(0);
    repo.note(&repo.read("DOC.md"));
}

#[test]
fn a_kind_without_a_template_has_a_generic_one() {
    let repo = Repo::new();
    repo.write(".phx/schemas/v1.0/runbook.schema.json", "{}");
    repo.write("phx.toml", "[[kind]]\nname = \"runbook\"\npaths = [\"runbooks/*.md\"]\n");
    repo.write("runbooks/a.md", "# A\n");
    repo.run(&["validate", "-o", "json"]).recorded();
    let printed = repo.run(&["new", "runbook", "-"]).exits(0).stdout;
    repo.write("runbooks/a.md", printed);
    repo.validate().exits(0);
}

#[test]
fn a_flat_front_matter_without_keys_is_named_as_such() {
    let repo = Repo::new();
    repo.write(".phx/schemas/v1.0/runbook.schema.json", "{}");
    repo.write("phx.toml", "[front_matter]\nroot = \"\"\n[[kind]]\nname = \"runbook\"\npaths = [\"a.md\"]\n");
    repo.write("a.md", "---\n---\n\n# A\n");
    repo.validate().exits(1);
}

#[test]
fn what_could_be_counted_twice_is_not_counted() {
    let table = "| Feature | Status | Points | Owner | Target |\n|---|---|---|---|---|\n";
    let row = |title: &str| format!("| {title} | Planned | 5 | Ines | May |\n");
    let repo = Repo::new();
    let verdict = |items: &str| {
        let text = plan("", items);
        repo.write("PLAN.md", &text);
        repo.run(&["validate", "-o", "concise"]).exits(1);
        repo.run(&["regen"]).exits(1);
        assert_eq!(repo.read("PLAN.md"), text, "{items}");
    };
    verdict(&(feature("Tides", "5") + &feature("Tides", "3")));
    verdict(&format!("{table}{}{}", row("Tides"), row("Tides")));
    let sums_up = format!("{table}{}{}\n{}", row("Tides"), row("Berths"), feature("Tides", "5"));
    verdict(&sums_up);
    verdict(&format!("{table}{}{}", row("Total"), row("Tides")));
    let nested = feature("Tides", "5") + &feature("Berths", "3").replace("###", "####");
    verdict(&nested);
    verdict(&format!("{table}{}\n- Berths — Planned\n", row("Tides")));
    // The last row of a table may sum it up.
    repo.write("PLAN.md", plan("", &format!("{table}{}{}{}", row("Tides"), row("Berths"), row("**Total** (2)"))));
    repo.run(&["regen", "-q"]).exits(0);
    repo.note(&repo.read("PLAN.md"));
}

#[test]
fn two_labels_of_one_field_must_agree() {
    let repo = Repo::new();
    let two = feature("Tides", "5").replace("**Owner**", "**Story Points**: 3\n**Owner**");
    let text = plan("", &two);
    repo.write("PLAN.md", &text);
    repo.run(&["validate", "-o", "concise"]).exits(1);
    repo.run(&["regen"]).exits(1);
    assert_eq!(repo.read("PLAN.md"), text);
    // The help, followed literally: one of them is kept.
    repo.write("PLAN.md", text.replace("**Story Points**: 3\n", "")).run(&["regen", "-q"]).exits(0);
    repo.note(&repo.read("PLAN.md"));
}

#[test]
fn estimates_beside_the_steps_are_never_left_out_of_their_sum() {
    let mock = |behind: &str| {
        format!(
            "# T\n\n## Mock Summary\n{AUTO}\nTotal Mocks: 9\n{END}\n\n## Active Mocks\n\n### Mail\n**Component**: Mail\n\
             **Fidelity**: High\n**Status**: Active\n**Impact**: High\n**Migration Path**:\n1. Client (5 points)\n\
             2. Server (3 points)\n\n{behind}"
        )
    };
    let repo = Repo::new();
    for behind in [
        "Then the roll-out (2 points).\n",
        "<!-- -->\n\n- Roll-out (2 points)\n",
        "#### Later\nRoll-out: 2 points\n",
        "> Roll-out: 2 points\n",
    ] {
        let text = document("  kind: active-mocks\n", &mock(behind));
        repo.write("MOCKS.md", &text).run(&["regen"]).exits(1);
        assert_eq!(repo.read("MOCKS.md"), text, "{behind}");
        assert!(finding(&repo, "unreadable-value").is_some(), "{behind}");
    }
    for behind in [
        "**Notes**: costs 2 points in all\n",
        "**Total: 8 points**\n",
        "~~Roll-out (2 points)~~\n",
        "<!-- was 2 points -->\n",
    ] {
        repo.write("MOCKS.md", document("  kind: active-mocks\n", &mock(behind))).run(&["regen"]).exits(0);
        let text = repo.read("MOCKS.md");
        repo.note(&text);
    }
}

#[test]
fn fields_in_html_and_dependencies_in_a_table_are_read() {
    let repo = Repo::new();
    let rows = "<table>\n<tr><th>Status</th><td>Planned</td></tr>\n<tr><th>Points</th><td>5</td></tr>\n</table>\n\n";
    let entries = "<ul><li>Status: Planned</li><li>Points: 3</li></ul>\n\n";
    let table = "**Dependencies**:\n\n| Dependency | Status |\n|---|---|\n| Queue | Done |\n| Store | Blocked |\n\n";
    let features = format!("### Tides\n{rows}### Berths\n{entries}{}{table}", feature("Locks", "2"));
    let dependencies = format!("\n## Dependency Status\n{AUTO}\n{END}\n");
    repo.write("PLAN.md", plan("", &features) + &dependencies).run(&["regen"]).exits(0);
    let text = repo.read("PLAN.md");
    repo.note(&text);
}

#[test]
fn a_mean_of_no_numbers_is_not_available() {
    let repo = Repo::new();
    let body = format!(
        "# T\n\n## Feature Metrics\n{AUTO}\nTest Coverage Average: 88%\n{END}\n\n## Core Features\n\n### Tides\n\
         **Status**: Stable\n**Test Coverage**: N/A\n**Dependencies**: None\n"
    );
    repo.write("DONE.md", document("  kind: implemented-features\n", &body)).run(&["regen"]).exits(0);
    let text = repo.read("DONE.md");
    repo.note(&text);
}

#[test]
fn what_is_printed_works_in_the_folder_where_it_is_printed() {
    let repo = Repo::with_git();
    let text = document("  phase_number: 1\n", "# T\n\n## Risks\n<!-- MANUAL - REQUIRES REVIEW -->\n\nNone.\n")
        .replace("manual_sections: []", "manual_sections: [risks]")
        .replace("2025-09-12T15:35:33Z", "2025-08-31T15:35:33Z");
    repo.write("docs/my plan.md", &text).write("docs/sub/x.txt", "").write("OTHER.md", &text).commit("first");
    let folder = ["-C", "docs/sub"];
    let run = |arguments: &[&str]| repo.run(&[&folder[..], arguments].concat());
    run(&["validate"]).exits(1);
    run(&["validate", "-o", "concise"]).exits(1);
    // Programs read paths from the root.
    run(&["validate", "-o", "jsonl"]).exits(1);
    run(&["status"]).exits(0);
    let review = run(&["review", "../my plan.md", "--yes"]).exits(0);
    let command = review.stderr.split("`git add ").nth(1).unwrap().split('`').next().unwrap();
    assert!(command.starts_with("../../.phx/ledger/") && command.ends_with(" '../my plan.md'"), "{command}");
    // Typed as it is printed, the command adds the files.
    let typed = std::process::Command::new("sh")
        .args(["-c", &format!("git add {command}")])
        .current_dir(repo.path().join("docs/sub"))
        .status();
    assert!(typed.unwrap().success());
    repo.note(&repo.git(&["diff", "--cached", "--name-only"]));
    // Git starts hooks in the root; what they print is for the folder of `git commit`.
    let stale = repo.read("docs/my plan.md").replace("None.", "Some.");
    repo.write("docs/my plan.md", stale).git(&["add", "-A"]);
    repo.command(&["hook", "install"]).status().unwrap();
    let commit = repo.git_command(&["-C", "docs/sub", "commit", "-m", "x"]).output().unwrap();
    let said = String::from_utf8_lossy(&commit.stdout).into_owned() + &String::from_utf8_lossy(&commit.stderr);
    repo.note(&said);
}
