//! Section templates: computed and unchanged values of the built-in templates, and templates of a repository.

use crate::support::{Repo, document};

/// Document of a kind with one AUTO block below a heading, followed by `more`.
fn with_block(kind: &str, heading: &str, body: &str, more: &str) -> String {
    let block = format!("## {heading}\n<!-- AUTO-GENERATED - DO NOT EDIT -->\n{body}<!-- END AUTO-GENERATED -->\n");
    document(&format!("  phase_number: 2\n  kind: {kind}\n"), &format!("# T\n\n{block}\n{more}"))
}

/// Returns the body of the first AUTO block after `phx regen`. Asserts that a second run changes nothing.
#[track_caller]
fn body(repo: &Repo) -> String {
    repo.run(&["regen", "-q", "--force"]).exits(0);
    let text = repo.read("DOC.md");
    repo.run(&["regen", "--check"]).exits(0);
    assert_eq!(repo.read("DOC.md"), text);
    let start = text.find("DO NOT EDIT -->\n").unwrap() + "DO NOT EDIT -->\n".len();
    text[start..start + text[start..].find("<!-- END").unwrap()].to_owned()
}

#[track_caller]
fn assert_renders(kind: &str, heading: &str, old_body: &str, more: &str, expected: &str) {
    let repo = Repo::new();
    repo.write("DOC.md", with_block(kind, heading, old_body, more));
    assert_eq!(body(&repo), expected);
}

const FEATURES: &str = "## Core Features\n\n### ✅ Tides\n**Status**: Stable | **Coverage**: 85%\n\n### Berths\n**Status**: Stable (v2) | **Coverage**: 70 %\n\n\
    ### ⚠️ Dues\n**Status**: Beta | **Coverage**: N/A\n\n### Radar\n**Status**: Experimental | **Coverage**: 12%\n\n### Old\n**Status**: Deprecated | **Coverage**: -\n\n\
    ## Elsewhere\n\n### No Feature\n**Status**: Stable | **Coverage**: 1%\n";

#[test]
fn feature_metrics_counts_features_and_averages_coverage() {
    let _transcript = crate::transcript::Transcript::of_this_test();
    let old_body = "Total Features: 23\nStable: 15\nOwner: Ines\nBeta: 5\n**Test Coverage Average**: 72%\n";
    let expected =
        "Total Features: 5\nStable: 2\nOwner: Ines\nBeta: 1\nExperimental: 1\n**Test Coverage Average**: 56%\n";
    assert_renders("implemented-features", "Feature Summary", old_body, FEATURES, expected);
    let without = FEATURES.replace("85%", "n/a").replace("70 %", "none").replace("12%", "–");
    let expected = "Total Features: 5\nStable: 2\nBeta: 1\nExperimental: 1\nTest Coverage Average: N/A\n";
    assert_renders("implemented-features", "Feature Metrics", "Test Coverage Average: 72%\n", &without, expected);
}

const COMPONENTS: &str = "## System Components\n\n### Backend\n\n| Component | Status | Mock/Real | Notes |\n|---|---|---|---|\n| A | ✅ Active | Real | |\n\
    | B | Active | **Real** | |\n| C | Active | Mock/Real | |\n| D | Active | Mock | |\n| E | Planned | Real | |\n| F | Optional | Real | |\n| G | Deprecated | Real | |\n\n\
    | Other | Words |\n|---|---|\n| H | Active |\n\n## Elsewhere\n\n| Component | Status | Mock/Real |\n|---|---|---|\n| I | Active | Real |\n";

#[test]
fn component_status_counts_real_and_mocked_components() {
    let old_body =
        "Active Components: 1\nMocked: 1\nDeprecated: 1\nTotal Components: 3\nLast Scan: 2025-08-01T10:00:00Z\n";
    let expected =
        "Active Components: 2\nMocked: 2\nDeprecated: 1\nTotal Components: 7\nLast Scan: 2025-09-01T00:00:00Z\n";
    assert_renders("current-architecture", "Component Status", old_body, COMPONENTS, expected);
}

#[test]
fn a_time_changes_only_if_a_number_changes() {
    let _transcript = crate::transcript::Transcript::of_this_test();
    let old_body = "Active: 2\nMocked: 2\nDeprecated: 1\nTotal: 7\nLast Scan: 2025-08-01\n";
    assert_renders("current-architecture", "Component Status", old_body, COMPONENTS, old_body);
    let moved = old_body.replace("Total: 7", "Total: 6");
    let expected = old_body.replace("2025-08-01", "2025-09-01");
    assert_renders("current-architecture", "Component Status", &moved, COMPONENTS, &expected);
    // Without the label, no time is written.
    let bare = old_body.replace("Last Scan: 2025-08-01\n", "");
    assert_renders("current-architecture", "Component Status", &bare.replace('6', "7"), COMPONENTS, &bare);
}

const MOCKS: &str = "## Active Mocks\n\n### 1. Terminal\n**Status**: Active Mock | **Fidelity**: Low | **Impact**: High\n**Migration Path**:\n1. One (5 points)\n2. Two (3 points)\n**Total: 9 points**\n\n\
    ### 2. Store\n**Status**: Active Mock | **Fidelity**: High | **Impact**: Low\n**Migration Path**:\n- No action needed\n\n\
    ### 3. Pipe | Line\n**Status**: Active Mock | **Fidelity**: None | **Impact**: 🔴 Critical\n**Migration Path**: rewrite it (13 points)\n\n\
    ### 4. Bank\n**Status**: Active Mock | **Fidelity**: High | **Impact**: High\n**Migration Path**:\n1. One (1 point)\n";

#[test]
fn mock_summary_counts_fidelity_and_sums_migration_paths() {
    let old_body = "Total Mocks: 5\nHigh Fidelity: 1\nMedium Fidelity: 2\nTechnical Debt Score: 47/100\nEstimated Migration Effort: 89 story points\n";
    let expected = "Total Mocks: 4\nHigh Fidelity: 2\nLow Fidelity: 1\nNone Fidelity: 1\nTechnical Debt Score: 47/100\nEstimated Migration Effort: 22 story points\n";
    assert_renders("active-mocks", "Mock Summary", old_body, MOCKS, expected);
}

#[test]
fn mock_inventory_sorts_by_priority_and_keeps_other_content() {
    let _transcript = crate::transcript::Transcript::of_this_test();
    let old_body = "\n### By Component\n| Component | Mock Count |\n|---|---|\n| Backend | 9 |\n\n### By Migration Priority\n1. **High**: gone\n2. **Low**: also gone\n3. **x**: y\nA remark.\n";
    let priority = "1. **Critical**: Pipe | Line (13 points)\n2. **High**: Terminal (8 points), Bank (1 points)\n3. **None**: Store\n";
    let expected = format!(
        "\n### By Component\n| Component | Mock Count |\n|---|---|\n| Backend | 9 |\n\n### By Migration Priority\n{priority}A remark.\n"
    );
    assert_renders("active-mocks", "Mock Inventory", old_body, MOCKS, &expected);
    let owned = MOCKS
        .replace("**Status**: Active Mock", "**Status**: Active Mock | **Component**: A | B")
        .replacen("A | B", "Backend", 2);
    let table = "| Component | Mock Count | Fidelity | Priority |\n|-----------|------------|----------|----------|\n| Backend | 2 | High/Low | High |\n| A \\| B | 2 | High/None | Critical |\n";
    let expected = format!("### By Component\n{table}\n### By Migration Priority\n{priority}");
    assert_renders("active-mocks", "Mock Inventory", "", &owned, &expected);
}

const PHASES: &str = "## Phase Group: PHOENIX_RISING\n\n### Phase 1: Start\n**Status**: ✅ Complete | **Duration**: 2 weeks\n\n### Phase 2: Hardening\n**Status**: x | **Duration**: 3 weeks\n\n\
    ## Phase Group: NEXT_ONE\n\n### Phase 3: More\n**Status**: x | **Duration**: 1 week\n";

#[test]
fn phase_group_summary_counts_the_phases_of_its_group() {
    let _transcript = crate::transcript::Transcript::of_this_test();
    let old_body = "Theme: Fire\nTotal Phases: 9\nCurrent Phase: Phase 1: Start\nProgress: 20%\n";
    let expected = "Theme: Fire\nTotal Phases: 2\nCurrent Phase: Phase 2: Hardening\nProgress: 20%\n";
    assert_renders("phase-plan", "Phase Group Summary", old_body, PHASES, expected);
    let longer = PHASES.replace("NEXT_ONE", "PHOENIX_RISING_AGAIN");
    assert_renders("phase-plan", "Phase Group Summary", "", &longer, "Total Phases: 2\nCurrent Phase: 2\n");
    let current = "Total Phases: 2\nCurrent Phase: 2 (Hardening)\n";
    assert_renders("phase-plan", "Phase Group Summary", current, PHASES, current);
    let of = "Total Phases: 2\nCurrent Phase: 2 of 2 (so far)\n";
    assert_renders("phase-plan", "Phase Group Summary", &of.replace("2 of 2", "1 of 6"), PHASES, of);
    assert_renders(
        "phase-plan",
        "Phase Group Summary",
        "Current Phase: 1\n",
        PHASES,
        "Total Phases: 2\nCurrent Phase: 2\n",
    );
}

#[test]
fn milestone_tracking_uses_only_the_configuration() {
    let _transcript = crate::transcript::Transcript::of_this_test();
    let old_body = "- ✅ On Track: 1\n- Note: x\n- At Risk: 7\n";
    assert_renders("phase-plan", "Milestone Tracking", old_body, PHASES, old_body);
    let repo = Repo::new();
    repo.write("phx.toml", "[facts.milestones]\non_track = 3\nat_risk = [\"Bank\", \"Radar\"]\nlate = []\n");
    repo.write("DOC.md", with_block("phase-plan", "Milestone Tracking", old_body, PHASES));
    assert_eq!(body(&repo), "- On Track: 3\n- At Risk: 2 (Bank, Radar)\n- Late: 0\n");
}

#[test]
fn phase_progress_sums_the_points_of_the_same_phase() {
    let repo = Repo::new();
    let features = |group: &str, number: u8, points: u8| {
        document(&format!("  phase_number: {number}\n"), &format!("# F\n\n### Priority 1: Now\n\n#### A\n**Status**: x | **Points**: {points}\n\n##### Part\n**Points**: 50\n\n#### B\n**Points**: 1\n\n## Backlog\n\n### C\n**Points**: 99\n"))
            .replace("PHOENIX_RISING", group)
    };
    repo.write("a/UPCOMING_FEATURES.md", features("PHOENIX_RISING", 2, 8));
    repo.write("b/UPCOMING_FEATURES.md", features("PHOENIX_RISING", 3, 20));
    repo.write("c/UPCOMING_FEATURES.md", features("ANOTHER_GROUP", 2, 40));
    let old_body = "- Progress: 30%\n- Planned Story Points: 1\n";
    repo.write("DOC.md", with_block("phase-plan", "Phase Progress", old_body, PHASES));
    assert_eq!(body(&repo), "- Progress: 30%\n- Planned Story Points: 9\n");
    // Below the heading of a phase the block shows that phase, even if only this file is regenerated.
    let inside = PHASES
        .replace(
            "### Phase 2",
            "#### Phase Progress\n<!-- AUTO-GENERATED - DO NOT EDIT -->\n<!-- END AUTO-GENERATED -->\n\n### Phase 2",
        )
        .replace("Phase 1", "Phase 3");
    repo.write("DOC.md", document("  phase_number: 2\n  kind: phase-plan\n", &format!("# T\n\n{inside}")));
    repo.run(&["regen", "-q", "DOC.md"]).exits(0);
    repo.note(&repo.read("DOC.md"));
    // A change of points in one document makes the other outdated.
    let moved = repo.read("b/UPCOMING_FEATURES.md").replace("**Points**: 20", "**Points**: 13");
    repo.write("b/UPCOMING_FEATURES.md", moved);
    repo.run(&["validate", "-q", "-o", "concise", "DOC.md"]).exits(1);
}

#[test]
fn dependency_status_reads_lists_and_lines_and_owns_its_table() {
    let more = "### Priority 1: Now\n\n#### A\n**Points**: 1\n**Dependencies**:\n- [x] Queue\n- Bank | API (🚧 in progress)\n\n#### B\n**Points**: 2\n**Dependencies**: queue; Login (✅ merged, see #4)\n\n#### C\n**Dependencies**: None\n";
    let old_body = "| Dependency | Status | Blocking | Notes |\n|:--|--|--|--|\n| Gone | x | y | z |\n| Login | ✅ merged, see #4 | B | Ready |\n";
    let expected = "| Dependency | Status | Blocking | Notes |\n|:--|--|--|--|\n| Queue | ✅ Complete | A, B | Ready |\n| Bank \\| API | 🚧 in progress | A | Waiting |\n| Login | ✅ merged, see #4 | B | Ready |\n";
    assert_renders("upcoming-features", "Dependency Status", old_body, more, expected);
}

/// Repository whose document has the block `weather`, and a template for it.
fn weather(template: &str) -> Repo {
    let repo = Repo::new();
    repo.write(".phx/templates/sections/weather.md", template);
    repo.write("DOC.md", with_block("notes", "Weather", "Sky: grey\n", "## Things\n\n### One\n**Size**: 3\n"));
    repo
}

#[test]
fn a_repository_adds_and_replaces_templates() {
    let repo = weather(
        "Sky: {{ document.title }}, {{ document.items[0].fields.size }}, {{ document.sections.things.title }}\n",
    );
    assert_eq!(body(&repo), "Sky: T, 3, Things\n");
    repo.write(".phx/templates/sections/notes/weather.md", "Sky: {{ document.governance.phase_number }}\n");
    assert_eq!(body(&repo), "Sky: 2\n");
    let repo = Repo::new();
    repo.write("DOC.md", with_block("implemented-features", "Feature Metrics", "Total Features: 1\n", FEATURES));
    repo.write(".phx/templates/sections/feature_metrics.md", "Total Features: {{ document.items|length }}\n");
    assert_eq!(body(&repo), "Total Features: 6\n");
}

#[test]
fn a_template_keeps_other_rows_with_previous_rows() {
    let repo = Repo::new();
    let old_body = "| Name | Size |\n|---|---|\n| one | 1 |\n| **Two** | 2 |\n| two_b | `x \\| y` |\n";
    repo.write("DOC.md", with_block("notes", "Weather", old_body, ""));
    let template = "{% set names = ['two'] %}\n| Name | Size |\n|---|---|\n| Two | {{ document.path|length }} |\n{% for row in previous.rows(except=names) %}\n{{ row }}\n{% endfor %}\n";
    repo.write(".phx/templates/sections/weather.md", template);
    assert_eq!(body(&repo), "| Name | Size |\n|---|---|\n| Two | 6 |\n| one | 1 |\n| two_b | `x \\| y` |\n");
}

#[test]
fn a_template_that_owns_the_body_replaces_it() {
    let repo = weather("{# owns: body #}\n```text\n{{ document.path }}\n\n\nkeeps: this\n```\n");
    assert_eq!(body(&repo), "```text\nDOC.md\n\n\nkeeps: this\n```\n");
}

#[track_caller]
fn assert_fails(template: &str) {
    let repo = weather(template);
    let before = repo.read("DOC.md");
    repo.run(&["regen"]).exits(1);
    assert_eq!(repo.read("DOC.md"), before);
    repo.run(&["regen", "--check"]).exits(1);
    repo.validate().exits(0);
}

#[test]
fn reports_template_errors_and_keeps_the_block() {
    let _transcript = crate::transcript::Transcript::of_this_test();
    assert_fails("Sky: {{ document.titel }}\n");
    assert_fails("a\n{% for x in %}\n");
    assert_fails("{# owns: everything #}\n");
    assert_fails("{# needs: weather #}\n");
    assert_fails("x\n\n{{ coverage.total }}\n");
    assert_fails("{{ fact('facts') }}{{ fact('weather.sky') }}\n");
    assert_fails("{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}\n");
    assert_fails("{{ document.path }}\n\n## {{ document.title }}\n");
    assert_fails("{{ document.path }}\n<!-- END AUTO-GENERATED -->\n");
}

#[test]
fn rejects_a_rendering_that_hides_its_end_marker() {
    let _transcript = crate::transcript::Transcript::of_this_test();
    for template in [
        "{# owns: body #}\n{{ document.path }}\n```\ncode\n",
        "{{ document.path }}\n<!-- open\n",
        "{{ document.path }}\0\n",
    ] {
        let repo = weather(template);
        let other = "## Things\n<!-- AUTO-GENERATED -->\nx\n<!-- END AUTO-GENERATED -->\n";
        repo.write("DOC.md", repo.read("DOC.md").replace("## Things\n", other));
        repo.write(".phx/templates/sections/things.md", "Path: {{ document.path }}\n");
        repo.run(&["regen"]).exits(1);
        let text = repo.read("DOC.md");
        repo.note(&text);
    }
}

#[test]
fn never_writes_a_body_that_changes_other_content() {
    // The body contains unclosed HTML that includes the heading below; a blank line in the new body would end the HTML.
    let repo = weather("Path: {{ document.path }}\n");
    let text = repo.read("DOC.md").replace("Sky: grey\n", "<div>\n").replace("-->\n\n## Things", "-->\n## Things");
    repo.write("DOC.md", &text);
    repo.run(&["regen"]).exits(4);
    assert_eq!(repo.read("DOC.md"), text);
}

#[test]
fn a_template_without_facts_writes_nothing() {
    let repo = weather("Sky: blue\n");
    let before = repo.read("DOC.md");
    repo.run(&["regen"]).exits(0);
    assert_eq!(repo.read("DOC.md"), before);
    repo.validate().recorded();
    let repo = weather("Sky: {{ fact('facts.sky', keep='Sky') }}\n");
    repo.run(&["regen"]).exits(0);
    assert_eq!(repo.read("DOC.md"), before);
    repo.write("phx.toml", "[facts]\nsky = \"blue\"\n");
    assert_eq!(body(&repo), "Sky: blue\n");
}

#[test]
fn does_not_write_a_block_with_unreadable_numbers() {
    let repo = Repo::new();
    let more = "### Priority 1: Now\n\n#### A\n**Points**: 5-8\n\n#### B\n**Points**: 3\n\n#### C\n**Points**: TBD\n";
    let text = with_block("upcoming-features", "Sprint Summary", "Story Points: 3\n", more);
    repo.write("DOC.md", &text);
    for arguments in [&["regen"][..], &["regen", "--force"], &["regen", "--check"]] {
        repo.run(arguments).exits(1);
        assert_eq!(repo.read("DOC.md"), text);
    }
    // A suppression with a reason excludes the value from the sum.
    let ignore = "<!-- phx-ignore unreadable-value: not estimated yet -->\n**Points**";
    repo.write(
        "DOC.md",
        text.replace("**Points**: 5-8", &format!("{ignore}: 5-8"))
            .replace("**Points**: TBD", &format!("{ignore}: TBD")),
    );
    repo.run(&["regen"]).exits(0);
    repo.note(&repo.read("DOC.md"));
}

#[test]
fn a_heading_above_features_is_not_a_feature() {
    let more = "## Core Features\n\n### A\n**Status**: Stable | **Coverage**: N/A\n\n#### Detail\n**Note**: x\n\n### Group\n\n#### D\n**Status**: Beta | **Coverage**: N/A\n\n#### E\n**Status**: Beta | **Coverage**: N/A\n";
    assert_renders(
        "implemented-features",
        "Feature Metrics",
        "",
        more,
        "Total Features: 3\nStable: 1\nBeta: 2\nExperimental: 0\nTest Coverage Average: N/A\n",
    );
}

#[test]
fn renders_thousands_of_items() {
    let item =
        |n: usize| format!("#### F{n}\n**Points**: 1 | **Dependencies**: D{n}, E{n} (done)\n**Component**: C{n}\n\n");
    let more = format!("### Priority 1: Now\n\n{}", (0..20_000).map(item).collect::<Vec<_>>().concat());
    let repo = Repo::new();
    repo.write("DOC.md", with_block("upcoming-features", "Dependency Status", "", &more));
    let run = repo.run(&["regen"]);
    assert!(run.code == 0 || run.stderr.contains("ran out of fuel"), "{}", run.stderr);
}

#[test]
fn facts_are_written_on_one_line() {
    let repo = weather("Sky: {{ fact('facts.sky', keep='Sky') }}\n");
    repo.write("phx.toml", "[facts]\nsky = \"blue\\nRain: none\"\n");
    assert_eq!(body(&repo), "Sky: blue Rain: none\n");
    repo.write("phx.toml", "[facts]\nsky = [1]\n");
    repo.run(&["regen"]).exits(1);
    repo.write("phx.toml", "facts = 3\n").run(&["regen"]).exits(2);
}

#[test]
fn every_template_in_the_binary_is_used_by_a_kind() {
    let _transcript = crate::transcript::Transcript::of_this_test();
    let root = crate::support::package().join("templates/sections");
    let mut found = 0;
    for kind in std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap()) {
        let name = kind.file_name().into_string().unwrap();
        let schema = Repo::new().run(&["schema", "show", &name]).exits(0).json();
        for template in std::fs::read_dir(kind.path()).unwrap().map(|entry| entry.unwrap().file_name()) {
            let block = template.into_string().unwrap().replace(".md", "");
            let blocks = schema["x-kind"]["blocks"].as_array().unwrap();
            let sections = schema["x-kind"]["sections"].as_array().unwrap();
            let known = blocks.iter().chain(sections).any(|known| *known == block.as_str());
            assert!(known, "{name}/{block}");
            let repo = Repo::new();
            let run = repo.write("DOC.md", with_block(&name, &block.replace('_', " "), "", "")).run(&["regen", "-v"]);
            assert!(!run.stderr.contains("has no template") && run.code == 0, "{name}/{block}: {}", run.stderr);
            found += 1;
        }
    }
    assert_eq!(found, 13);
}

#[test]
fn an_index_lists_front_matter_of_other_documents() {
    let repo = Repo::new();
    repo.write(".phx/schemas/v1.0/adr.schema.json", "{}").write(".phx/schemas/v1.0/adr-index.schema.json", "{}");
    repo.write(
        ".phx/templates/sections/decisions.md",
        "{# owns: body #}\n| Decision | Status | Decided |\n|---|---|---|\n{% for adr in documents.adr %}\n\
         | [{{ adr.title }}]({{ adr.path|relative_to(document.path) }}) | {{ adr.front_matter.status }} | {{ adr.front_matter.date }} |\n{% endfor %}\n",
    );
    for (name, title, status) in [("0001", "Use stone", "accepted"), ("0002", "Use wood", "superseded")] {
        let text = document("  phase_number: 1\n  kind: adr\n", &format!("# {title}\n"));
        let text = text.replacen("---\n", &format!("---\nstatus: {status}\ndate: 2025-08-01\n"), 1);
        repo.write(&format!("docs/adr/{name}.md"), text);
    }
    repo.write("docs/INDEX.md", with_block("adr-index", "Decisions", "", ""));
    repo.run(&["regen", "-q"]).exits(0);
    repo.note(&repo.read("docs/INDEX.md"));
    // A changed status makes the index outdated.
    let changed = repo.read("docs/adr/0002.md").replace("superseded", "rejected");
    repo.write("docs/adr/0002.md", changed);
    repo.run(&["validate", "-o", "concise"]).exits(1);
}
