//! Reading of fields and items, values that phx does not write, and help texts that work literally.

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

/// Repository with a committed and regenerated plan of two features, and the text of the plan.
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
fn the_hook_reads_fields_in_lists() {
    let (repo, text) = committed();
    let bullets = text.replace("**Status**", "- **Status**").replace("**Points**", "- Points");
    repo.write("PLAN.md", &bullets).git(&["add", "-A"]);
    repo.run(&["hook", "run", "pre-commit"]).exits(1);
    assert_eq!(repo.git(&["show", ":PLAN.md"]), bullets);
    repo.run(&["regen", "--check"]).exits(0);
}

#[test]
fn does_not_write_numbers_if_an_item_is_unreadable() {
    let (repo, text) = committed();
    let prose = text.replace(&feature("Berths", "3"), "### Berths\n\nThree points, Ines.\n\n");
    repo.write("PLAN.md", &prose).git(&["add", "-A"]);
    repo.run(&["hook", "run", "pre-commit"]).exits(1);
    assert_eq!(repo.git(&["show", ":PLAN.md"]), prose, "nothing was written");
    for arguments in [&["regen"][..], &["regen", "--force"], &["regen", "--staged"]] {
        repo.run(arguments).exits(1);
        assert_eq!(repo.read("PLAN.md"), prose);
    }
    // Only a suppression with a reason states that the heading is not a feature.
    let ignored =
        |reason: &str| prose.replace("### Berths", &format!("<!-- phx-ignore unread-item{reason} -->\n### Berths"));
    repo.write("PLAN.md", ignored("")).run(&["regen"]).exits(1);
    repo.write("PLAN.md", ignored(": a remark")).run(&["regen"]).exits(0);
    repo.note(&repo.read("PLAN.md"));
}

#[test]
fn reports_a_lost_governance_block() {
    let (repo, text) = committed();
    for lost in [text.replace("governance:", "governence:"), text[text.find("# T").unwrap()..].to_owned()] {
        repo.write("PLAN.md", &lost).git(&["add", "-A"]);
        repo.run(&["hook", "run", "pre-commit"]).exits(1);
        repo.run(&["validate", "-o", "concise", "--since", "HEAD"]).exits(1);
        repo.run(&["validate", "-o", "concise", "PLAN.md"]).exits(0);
    }
    // A moved document keeps its text, but is not validated at a path that phx does not search.
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
    // Without markers, the ledger shows that the file was governed.
    repo.write("PLAN.md", &text).git(&["add", "-A"]);
    repo.run(&["review", "PLAN.md", "--yes"]).exits(0);
    repo.write("PLAN.md", "# T\n");
    repo.run(&["validate", "-o", "concise", "PLAN.md"]).recorded();
}

#[test]
fn reports_a_kind_that_is_lost_by_a_rename() {
    let (repo, _) = committed();
    repo.git(&["mv", "PLAN.md", "UPCOMING_FEATURES.md"]);
    let unnamed = repo.read("UPCOMING_FEATURES.md").replace("  kind: upcoming-features\n", "");
    repo.write("UPCOMING_FEATURES.md", unnamed).git(&["commit", "-qam", "named", "--no-verify"]);
    repo.git(&["mv", "UPCOMING_FEATURES.md", "FEATURES.md"]);
    repo.run(&["validate", "-o", "concise", "--staged"]).exits(1);
    // The edit in the help resolves the finding.
    let named = repo.read("FEATURES.md").replace("governance:\n", "governance:\n  kind: upcoming-features\n");
    repo.write("FEATURES.md", named).git(&["add", "-A"]);
    repo.run(&["validate", "-o", "concise", "--staged"]).recorded();
    // Deleting a document does not lose governance.
    repo.git(&["reset", "-q", "--hard"]);
    repo.git(&["rm", "-q", "UPCOMING_FEATURES.md"]);
    repo.run(&["validate", "-o", "concise", "--staged"]).recorded();
}

#[test]
fn an_unrecorded_correlation_id_does_not_hide_a_changed_section() {
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
fn the_configuration_adds_labels_and_vocabulary() {
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
fn does_not_write_a_value_twice_under_different_labels() {
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
fn writes_values_into_a_metrics_table() {
    let repo = Repo::new();
    let body =
        "| Metric | Value |\n|:-------|------:|\n| **Features** | `9` |\n| Points total | 9 |\n| Mood | good |\n";
    repo.write("PLAN.md", plan(body, &feature("Tides", "2.5")));
    repo.run(&["regen"]).exits(0);
    let text = repo.read("PLAN.md");
    repo.note(&text);
    // Alignment and values without a fact are not checked for edits.
    repo.write(
        "PLAN.md",
        text.replace("| Mood | good |", "|  Mood  |  bad  |").replace("|:-------|------:|", "|---|---|"),
    );
    repo.validate().recorded();
    repo.write("PLAN.md", text.replace("`1`", "`8`"));
    repo.validate().recorded();
}

#[test]
fn verbose_lists_the_items_that_a_number_counts() {
    let repo = Repo::new();
    repo.write("PLAN.md", plan("", &(feature("1. Tides", "5") + &feature("Berths", "3"))));
    repo.run(&["-v", "regen"]).exits(0);
}

/// Returns the first finding of a rule in `phx validate -o json`.
fn finding(repo: &Repo, rule: &str) -> Option<Value> {
    let report = repo.run(&["validate", "-o", "json"]).json();
    let findings = report["findings"].as_array().unwrap();
    findings.iter().find(|finding| finding["rule"] == rule).cloned()
}

#[test]
fn help_with_a_replacement_text_works() {
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
fn help_with_configuration_keys_works() {
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
fn a_kind_without_a_template_uses_a_generic_template() {
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
fn reports_flat_front_matter_without_keys() {
    let repo = Repo::new();
    repo.write(".phx/schemas/v1.0/runbook.schema.json", "{}");
    repo.write("phx.toml", "[front_matter]\nroot = \"\"\n[[kind]]\nname = \"runbook\"\npaths = [\"a.md\"]\n");
    repo.write("a.md", "---\n---\n\n# A\n");
    repo.validate().exits(1);
}

#[test]
fn reports_items_that_might_be_counted_twice() {
    let table = "| Feature | Status | Points | Owner | Target |\n|---|---|---|---|---|\n";
    let row = |title: &str| format!("| {title} | Planned | 5 | Ines | May |\n");
    let repo = Repo::new();
    let assert_not_counted = |items: &str| {
        let text = plan("", items);
        repo.write("PLAN.md", &text);
        repo.run(&["validate", "-o", "concise"]).exits(1);
        repo.run(&["regen"]).exits(1);
        assert_eq!(repo.read("PLAN.md"), text, "{items}");
    };
    assert_not_counted(&(feature("Tides", "5") + &feature("Tides", "3")));
    assert_not_counted(&format!("{table}{}{}", row("Tides"), row("Tides")));
    let sums_up = format!("{table}{}{}\n{}", row("Tides"), row("Berths"), feature("Tides", "5"));
    assert_not_counted(&sums_up);
    assert_not_counted(&format!("{table}{}{}", row("Total"), row("Tides")));
    let nested = feature("Tides", "5") + &feature("Berths", "3").replace("###", "####");
    assert_not_counted(&nested);
    assert_not_counted(&format!("{table}{}\n- Berths — Planned\n", row("Tides")));
    // The last row of a table may be a total.
    repo.write("PLAN.md", plan("", &format!("{table}{}{}{}", row("Tides"), row("Berths"), row("**Total** (2)"))));
    repo.run(&["regen", "-q"]).exits(0);
    repo.note(&repo.read("PLAN.md"));
}

#[test]
fn reports_two_labels_of_one_field_with_different_values() {
    let repo = Repo::new();
    let two = feature("Tides", "5").replace("**Owner**", "**Story Points**: 3\n**Owner**");
    let text = plan("", &two);
    repo.write("PLAN.md", &text);
    repo.run(&["validate", "-o", "concise"]).exits(1);
    repo.run(&["regen"]).exits(1);
    assert_eq!(repo.read("PLAN.md"), text);
    // The help works literally: one of the labels is removed.
    repo.write("PLAN.md", text.replace("**Story Points**: 3\n", "")).run(&["regen", "-q"]).exits(0);
    repo.note(&repo.read("PLAN.md"));
}

#[test]
fn reports_estimates_outside_the_steps() {
    let mock = |more: &str| {
        format!(
            "# T\n\n## Mock Summary\n{AUTO}\nTotal Mocks: 9\n{END}\n\n## Active Mocks\n\n### Mail\n**Component**: Mail\n\
             **Fidelity**: High\n**Status**: Active\n**Impact**: High\n**Migration Path**:\n1. Client (5 points)\n\
             2. Server (3 points)\n\n{more}"
        )
    };
    let repo = Repo::new();
    for more in [
        "Then the roll-out (2 points).\n",
        "<!-- -->\n\n- Roll-out (2 points)\n",
        "#### Later\nRoll-out: 2 points\n",
        "> Roll-out: 2 points\n",
    ] {
        let text = document("  kind: active-mocks\n", &mock(more));
        repo.write("MOCKS.md", &text).run(&["regen"]).exits(1);
        assert_eq!(repo.read("MOCKS.md"), text, "{more}");
        assert!(finding(&repo, "unreadable-value").is_some(), "{more}");
    }
    for more in [
        "**Notes**: costs 2 points in all\n",
        "**Total: 8 points**\n",
        "~~Roll-out (2 points)~~\n",
        "<!-- was 2 points -->\n",
    ] {
        repo.write("MOCKS.md", document("  kind: active-mocks\n", &mock(more))).run(&["regen"]).exits(0);
        let text = repo.read("MOCKS.md");
        repo.note(&text);
    }
}

#[test]
fn reads_fields_in_html_and_dependencies_in_tables() {
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
fn printed_commands_work_in_the_current_directory() {
    let repo = Repo::with_git();
    let text = document("  phase_number: 1\n", "# T\n\n## Risks\n<!-- MANUAL - REQUIRES REVIEW -->\n\nNone.\n")
        .replace("manual_sections: []", "manual_sections: [risks]")
        .replace("2025-09-12T15:35:33Z", "2025-08-31T15:35:33Z");
    repo.write("docs/my plan.md", &text).write("docs/sub/x.txt", "").write("OTHER.md", &text).commit("first");
    let folder = ["-C", "docs/sub"];
    let run = |arguments: &[&str]| repo.run(&[&folder[..], arguments].concat());
    run(&["validate"]).exits(1);
    run(&["validate", "-o", "concise"]).exits(1);
    // Machine-readable formats use paths from the root.
    run(&["validate", "-o", "jsonl"]).exits(1);
    run(&["status"]).exits(0);
    let review = run(&["review", "../my plan.md", "--yes"]).exits(0);
    let command = review.stderr.split("`git add ").nth(1).unwrap().split('`').next().unwrap();
    assert!(command.starts_with("../../.phx/ledger/") && command.ends_with(" '../my plan.md'"), "{command}");
    // The printed command works when it is copied.
    let copied = std::process::Command::new("sh")
        .args(["-c", &format!("git add {command}")])
        .current_dir(repo.path().join("docs/sub"))
        .status();
    assert!(copied.unwrap().success());
    repo.note(&repo.git(&["diff", "--cached", "--name-only"]));
    // Git starts hooks in the root; their output is relative to the directory of `git commit`.
    let stale = repo.read("docs/my plan.md").replace("None.", "Some.");
    repo.write("docs/my plan.md", stale).git(&["add", "-A"]);
    repo.command(&["hook", "install"]).status().unwrap();
    let commit = repo.git_command(&["-C", "docs/sub", "commit", "-m", "x"]).output().unwrap();
    let output = String::from_utf8_lossy(&commit.stdout).into_owned() + &String::from_utf8_lossy(&commit.stderr);
    repo.note(&output);
}
