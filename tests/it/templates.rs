//! Section templates: what each of those in the binary computes and leaves, and those of a repository.

use crate::support::{Repo, document};

/// A document of a kind with one AUTO block under a heading, and more behind it.
fn with_block(kind: &str, heading: &str, body: &str, more: &str) -> String {
    let block = format!("## {heading}\n<!-- AUTO-GENERATED - DO NOT EDIT -->\n{body}<!-- END AUTO-GENERATED -->\n");
    document(&format!("  phase_number: 2\n  kind: {kind}\n"), &format!("# T\n\n{block}\n{more}"))
}

/// The body of the first AUTO block after `phx regen`; a second run must change nothing.
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
fn renders(kind: &str, heading: &str, standing: &str, more: &str, expected: &str) {
    let repo = Repo::new();
    repo.write("DOC.md", with_block(kind, heading, standing, more));
    assert_eq!(body(&repo), expected);
}

const FEATURES: &str = "## Core Features\n\n### ✅ Tides\n**Status**: Stable | **Coverage**: 85%\n\n### Berths\n**Status**: Stable (v2) | **Coverage**: 70 %\n\n\
    ### ⚠️ Dues\n**Status**: Beta | **Coverage**: N/A\n\n### Radar\n**Status**: Experimental | **Coverage**: 12%\n\n### Old\n**Status**: Deprecated | **Coverage**: -\n\n\
    ## Elsewhere\n\n### No Feature\n**Status**: Stable | **Coverage**: 1%\n";

#[test]
fn feature_metrics_counts_features_by_status_and_averages_numeric_coverages() {
    let _transcript = crate::transcript::Transcript::of_this_test();
    let standing = "Total Features: 23\nStable: 15\nOwner: Ines\nBeta: 5\n**Test Coverage Average**: 72%\n";
    let expected =
        "Total Features: 5\nStable: 2\nOwner: Ines\nBeta: 1\nExperimental: 1\n**Test Coverage Average**: 56%\n";
    renders("implemented-features", "Feature Summary", standing, FEATURES, expected);
    let without = FEATURES.replace("85%", "n/a").replace("70 %", "none").replace("12%", "–");
    let expected = "Total Features: 5\nStable: 2\nBeta: 1\nExperimental: 1\nTest Coverage Average: N/A\n";
    renders("implemented-features", "Feature Metrics", "Test Coverage Average: 72%\n", &without, expected);
}

const COMPONENTS: &str = "## System Components\n\n### Backend\n\n| Component | Status | Mock/Real | Notes |\n|---|---|---|---|\n| A | ✅ Active | Real | |\n\
    | B | Active | **Real** | |\n| C | Active | Mock/Real | |\n| D | Active | Mock | |\n| E | Planned | Real | |\n| F | Optional | Real | |\n| G | Deprecated | Real | |\n\n\
    | Other | Words |\n|---|---|\n| H | Active |\n\n## Elsewhere\n\n| Component | Status | Mock/Real |\n|---|---|---|\n| I | Active | Real |\n";

#[test]
fn component_status_counts_real_and_mocked_components() {
    let standing =
        "Active Components: 1\nMocked: 1\nDeprecated: 1\nTotal Components: 3\nLast Scan: 2025-08-01T10:00:00Z\n";
    let expected =
        "Active Components: 2\nMocked: 2\nDeprecated: 1\nTotal Components: 7\nLast Scan: 2025-09-01T00:00:00Z\n";
    renders("current-architecture", "Component Status", standing, COMPONENTS, expected);
}

#[test]
fn a_time_stays_unless_a_number_moved() {
    let _transcript = crate::transcript::Transcript::of_this_test();
    let standing = "Active: 2\nMocked: 2\nDeprecated: 1\nTotal: 7\nLast Scan: 2025-08-01\n";
    renders("current-architecture", "Component Status", standing, COMPONENTS, standing);
    let moved = standing.replace("Total: 7", "Total: 6");
    let expected = standing.replace("2025-08-01", "2025-09-01");
    renders("current-architecture", "Component Status", &moved, COMPONENTS, &expected);
    // Without the label there is no time to write.
    let bare = standing.replace("Last Scan: 2025-08-01\n", "");
    renders("current-architecture", "Component Status", &bare.replace('6', "7"), COMPONENTS, &bare);
}

const MOCKS: &str = "## Active Mocks\n\n### 1. Terminal\n**Status**: Active Mock | **Fidelity**: Low | **Impact**: High\n**Migration Path**:\n1. One (5 points)\n2. Two (3 points)\n**Total: 9 points**\n\n\
    ### 2. Store\n**Status**: Active Mock | **Fidelity**: High | **Impact**: Low\n**Migration Path**:\n- No action needed\n\n\
    ### 3. Pipe | Line\n**Status**: Active Mock | **Fidelity**: None | **Impact**: 🔴 Critical\n**Migration Path**: rewrite it (13 points)\n\n\
    ### 4. Bank\n**Status**: Active Mock | **Fidelity**: High | **Impact**: High\n**Migration Path**:\n1. One (1 point)\n";

#[test]
fn mock_summary_counts_fidelities_that_occur_and_adds_up_paths() {
    let standing = "Total Mocks: 5\nHigh Fidelity: 1\nMedium Fidelity: 2\nTechnical Debt Score: 47/100\nEstimated Migration Effort: 89 story points\n";
    let expected = "Total Mocks: 4\nHigh Fidelity: 2\nLow Fidelity: 1\nNone Fidelity: 1\nTechnical Debt Score: 47/100\nEstimated Migration Effort: 22 story points\n";
    renders("active-mocks", "Mock Summary", standing, MOCKS, expected);
}

#[test]
fn mock_inventory_orders_by_priority_and_leaves_what_it_cannot_compute() {
    let _transcript = crate::transcript::Transcript::of_this_test();
    let standing = "\n### By Component\n| Component | Mock Count |\n|---|---|\n| Backend | 9 |\n\n### By Migration Priority\n1. **High**: gone\n2. **Low**: also gone\n3. **x**: y\nA remark.\n";
    let priority = "1. **Critical**: Pipe | Line (13 points)\n2. **High**: Terminal (8 points), Bank (1 points)\n3. **None**: Store\n";
    let expected = format!(
        "\n### By Component\n| Component | Mock Count |\n|---|---|\n| Backend | 9 |\n\n### By Migration Priority\n{priority}A remark.\n"
    );
    renders("active-mocks", "Mock Inventory", standing, MOCKS, &expected);
    let owned = MOCKS
        .replace("**Status**: Active Mock", "**Status**: Active Mock | **Component**: A | B")
        .replacen("A | B", "Backend", 2);
    let table = "| Component | Mock Count | Fidelity | Priority |\n|-----------|------------|----------|----------|\n| Backend | 2 | High/Low | High |\n| A \\| B | 2 | High/None | Critical |\n";
    let expected = format!("### By Component\n{table}\n### By Migration Priority\n{priority}");
    renders("active-mocks", "Mock Inventory", "", &owned, &expected);
}

const PHASES: &str = "## Phase Group: PHOENIX_RISING\n\n### Phase 1: Start\n**Status**: ✅ Complete | **Duration**: 2 weeks\n\n### Phase 2: Hardening\n**Status**: x | **Duration**: 3 weeks\n\n\
    ## Phase Group: NEXT_ONE\n\n### Phase 3: More\n**Status**: x | **Duration**: 1 week\n";

#[test]
fn phase_group_summary_counts_the_phases_of_its_group() {
    let _transcript = crate::transcript::Transcript::of_this_test();
    let standing = "Theme: Fire\nTotal Phases: 9\nCurrent Phase: Phase 1: Start\nProgress: 20%\n";
    let expected = "Theme: Fire\nTotal Phases: 2\nCurrent Phase: Phase 2: Hardening\nProgress: 20%\n";
    renders("phase-plan", "Phase Group Summary", standing, PHASES, expected);
    let longer = PHASES.replace("NEXT_ONE", "PHOENIX_RISING_AGAIN");
    renders("phase-plan", "Phase Group Summary", "", &longer, "Total Phases: 2\nCurrent Phase: 2\n");
    let says_so = "Total Phases: 2\nCurrent Phase: 2 (Hardening)\n";
    renders("phase-plan", "Phase Group Summary", says_so, PHASES, says_so);
    let of = "Total Phases: 2\nCurrent Phase: 2 of 2 (so far)\n";
    renders("phase-plan", "Phase Group Summary", &of.replace("2 of 2", "1 of 6"), PHASES, of);
    renders("phase-plan", "Phase Group Summary", "Current Phase: 1\n", PHASES, "Total Phases: 2\nCurrent Phase: 2\n");
}

#[test]
fn milestone_tracking_comes_from_the_configuration_alone() {
    let _transcript = crate::transcript::Transcript::of_this_test();
    let standing = "- ✅ On Track: 1\n- Note: x\n- At Risk: 7\n";
    renders("phase-plan", "Milestone Tracking", standing, PHASES, standing);
    let repo = Repo::new();
    repo.write("phx.toml", "[facts.milestones]\non_track = 3\nat_risk = [\"Bank\", \"Radar\"]\nlate = []\n");
    repo.write("DOC.md", with_block("phase-plan", "Milestone Tracking", standing, PHASES));
    assert_eq!(body(&repo), "- On Track: 3\n- At Risk: 2 (Bank, Radar)\n- Late: 0\n");
}

#[test]
fn phase_progress_takes_the_points_of_the_same_phase_from_the_plan_of_its_features() {
    let repo = Repo::new();
    let features = |group: &str, number: u8, points: u8| {
        document(&format!("  phase_number: {number}\n"), &format!("# F\n\n### Priority 1: Now\n\n#### A\n**Status**: x | **Points**: {points}\n\n##### Part\n**Points**: 50\n\n#### B\n**Points**: 1\n\n## Backlog\n\n### C\n**Points**: 99\n"))
            .replace("PHOENIX_RISING", group)
    };
    repo.write("a/UPCOMING_FEATURES.md", features("PHOENIX_RISING", 2, 8));
    repo.write("b/UPCOMING_FEATURES.md", features("PHOENIX_RISING", 3, 20));
    repo.write("c/UPCOMING_FEATURES.md", features("ANOTHER_GROUP", 2, 40));
    let standing = "- Progress: 30%\n- Planned Story Points: 1\n";
    repo.write("DOC.md", with_block("phase-plan", "Phase Progress", standing, PHASES));
    assert_eq!(body(&repo), "- Progress: 30%\n- Planned Story Points: 9\n");
    // Under a phase the block speaks of that phase, also where only this file is asked for.
    let inside = PHASES
        .replace(
            "### Phase 2",
            "#### Phase Progress\n<!-- AUTO-GENERATED - DO NOT EDIT -->\n<!-- END AUTO-GENERATED -->\n\n### Phase 2",
        )
        .replace("Phase 1", "Phase 3");
    repo.write("DOC.md", document("  phase_number: 2\n  kind: phase-plan\n", &format!("# T\n\n{inside}")));
    repo.run(&["regen", "-q", "DOC.md"]).exits(0);
    repo.note(&repo.read("DOC.md"));
    // The points move in one document, and the other is outdated.
    let moved = repo.read("b/UPCOMING_FEATURES.md").replace("**Points**: 20", "**Points**: 13");
    repo.write("b/UPCOMING_FEATURES.md", moved);
    repo.run(&["validate", "-q", "-o", "concise", "DOC.md"]).exits(1);
}

#[test]
fn dependencies_are_read_off_lists_and_lines_and_own_their_table() {
    let more = "### Priority 1: Now\n\n#### A\n**Points**: 1\n**Dependencies**:\n- [x] Queue\n- Bank | API (🚧 in progress)\n\n#### B\n**Points**: 2\n**Dependencies**: queue; Login (✅ merged, see #4)\n\n#### C\n**Dependencies**: None\n";
    let standing = "| Dependency | Status | Blocking | Notes |\n|:--|--|--|--|\n| Gone | x | y | z |\n| Login | ✅ merged, see #4 | B | Ready |\n";
    let expected = "| Dependency | Status | Blocking | Notes |\n|:--|--|--|--|\n| Queue | ✅ Complete | A, B | Ready |\n| Bank \\| API | 🚧 in progress | A | Waiting |\n| Login | ✅ merged, see #4 | B | Ready |\n";
    renders("upcoming-features", "Dependency Status", standing, more, expected);
}

/// A repository whose document has the block `weather`, and a template for it.
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
fn a_template_keeps_foreign_rows_by_asking_for_them() {
    let repo = Repo::new();
    let standing = "| Name | Size |\n|---|---|\n| one | 1 |\n| **Two** | 2 |\n| two_b | `x \\| y` |\n";
    repo.write("DOC.md", with_block("notes", "Weather", standing, ""));
    let template = "{% set names = ['two'] %}\n| Name | Size |\n|---|---|\n| Two | {{ document.path|length }} |\n{% for row in previous.rows(except=names) %}\n{{ row }}\n{% endfor %}\n";
    repo.write(".phx/templates/sections/weather.md", template);
    assert_eq!(body(&repo), "| Name | Size |\n|---|---|\n| Two | 6 |\n| one | 1 |\n| two_b | `x \\| y` |\n");
}

#[test]
fn a_template_that_owns_the_body_writes_all_of_it() {
    let repo = weather("{# owns: body #}\n```text\n{{ document.path }}\n\n\nkeeps: this\n```\n");
    assert_eq!(body(&repo), "```text\nDOC.md\n\n\nkeeps: this\n```\n");
}

#[track_caller]
fn fails(template: &str) {
    let repo = weather(template);
    let before = repo.read("DOC.md");
    repo.run(&["regen"]).exits(1);
    assert_eq!(repo.read("DOC.md"), before);
    repo.run(&["regen", "--check"]).exits(1);
    repo.validate().exits(0);
}

#[test]
fn a_broken_template_is_told_with_its_line_and_the_block_stays() {
    let _transcript = crate::transcript::Transcript::of_this_test();
    fails("Sky: {{ document.titel }}\n");
    fails("a\n{% for x in %}\n");
    fails("{# owns: everything #}\n");
    fails("{# needs: weather #}\n");
    fails("x\n\n{{ coverage.total }}\n");
    fails("{{ fact('facts') }}{{ fact('weather.sky') }}\n");
    fails("{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}\n");
    fails("{{ document.path }}\n\n## {{ document.title }}\n");
    fails("{{ document.path }}\n<!-- END AUTO-GENERATED -->\n");
}

#[test]
fn a_rendering_that_would_swallow_its_end_marker_is_refused_and_other_blocks_are_written() {
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
fn a_change_that_would_change_the_document_elsewhere_is_never_written() {
    // The body leaves HTML open, which takes in the heading below; a blank line in the body would set it free.
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
fn a_block_over_numbers_that_cannot_be_read_is_not_written() {
    let repo = Repo::new();
    let more = "### Priority 1: Now\n\n#### A\n**Points**: 5-8\n\n#### B\n**Points**: 3\n\n#### C\n**Points**: TBD\n";
    let text = with_block("upcoming-features", "Sprint Summary", "Story Points: 3\n", more);
    repo.write("DOC.md", &text);
    for arguments in [&["regen"][..], &["regen", "--force"], &["regen", "--check"]] {
        repo.run(arguments).exits(1);
        assert_eq!(repo.read("DOC.md"), text);
    }
    // A suppression with a reason takes the value out of the sum.
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
fn a_heading_over_features_is_no_feature() {
    let more = "## Core Features\n\n### A\n**Status**: Stable | **Coverage**: N/A\n\n#### Detail\n**Note**: x\n\n### Group\n\n#### D\n**Status**: Beta | **Coverage**: N/A\n\n#### E\n**Status**: Beta | **Coverage**: N/A\n";
    renders(
        "implemented-features",
        "Feature Metrics",
        "",
        more,
        "Total Features: 3\nStable: 1\nBeta: 2\nExperimental: 0\nTest Coverage Average: N/A\n",
    );
}

#[test]
fn thousands_of_items_take_no_time_out_of_proportion() {
    let item =
        |n: usize| format!("#### F{n}\n**Points**: 1 | **Dependencies**: D{n}, E{n} (done)\n**Component**: C{n}\n\n");
    let more = format!("### Priority 1: Now\n\n{}", (0..20_000).map(item).collect::<Vec<_>>().concat());
    let repo = Repo::new();
    repo.write("DOC.md", with_block("upcoming-features", "Dependency Status", "", &more));
    let run = repo.run(&["regen"]);
    assert!(run.code == 0 || run.stderr.contains("ran out of fuel"), "{}", run.stderr);
}

#[test]
fn facts_stand_on_one_line() {
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
fn an_index_is_made_of_the_front_matter_of_other_documents() {
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
    // The status of a decision reaches the index.
    let changed = repo.read("docs/adr/0002.md").replace("superseded", "rejected");
    repo.write("docs/adr/0002.md", changed);
    repo.run(&["validate", "-o", "concise"]).exits(1);
}
