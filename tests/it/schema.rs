//! Built-in schemas, `phx schema`, and schemas of a repository.

use crate::support::{Repo, document, package};

#[test]
fn lists_the_built_in_kinds() {
    let list = Repo::new().run(&["schema", "list", "-o", "json"]).exits(0).json();
    let rows: Vec<_> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["kind"].as_str().unwrap(), row["file"].as_str(), row["window"].as_str().unwrap()))
        .collect();
    assert_eq!(
        rows,
        [
            ("active-mocks", Some("ACTIVE_MOCKS.md"), "7d"),
            ("current-architecture", Some("CURRENT_ARCHITECTURE.md"), "7d"),
            ("document", None, "7d"),
            ("implemented-features", Some("IMPLEMENTED_FEATURES.md"), "7d"),
            ("phase-plan", Some("PHASE_PLAN.md"), "7d"),
            ("upcoming-features", Some("UPCOMING_FEATURES.md"), "14d"),
        ]
    );
}

#[test]
fn shows_every_built_in_schema_unchanged() {
    let _transcript = crate::transcript::Transcript::of_this_test();
    let names = [
        "governance",
        "document",
        "active-mocks",
        "current-architecture",
        "implemented-features",
        "phase-plan",
        "upcoming-features",
    ];
    for name in names {
        let shown = Repo::new().run(&["schema", "show", name]).exits(0).json();
        assert!(jsonschema::meta::is_valid(&shown), "{name}");
        let file = package().join(format!("schemas/v1.0/{name}.schema.json"));
        let shipped: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        assert_eq!(shown, shipped);
    }
    for name in ["model", "findings", "regen", "status", "phx.toml"] {
        let shown = Repo::new().run(&["schema", "show", name]).exits(0).json();
        assert!(jsonschema::meta::is_valid(&shown), "{name}");
    }
}

#[test]
fn reports_unknown_schemas_and_versions() {
    let repo = Repo::new();
    repo.run(&["schema", "show", "upcoming"]).exits(2);
    repo.run(&["schema", "show", "governance", "--schema-version", "v2"]).exits(2);
}

#[test]
fn the_governance_schema_and_the_parser_have_the_same_keys() {
    let schema = Repo::new().run(&["schema", "show", "governance"]).json();
    let known: Vec<&str> = phx::document::governance::KEYS.iter().map(|key| key.name).collect();
    let properties: Vec<&str> = schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(properties, known);
    let required: Vec<&str> =
        phx::document::governance::KEYS.iter().filter(|key| key.required).map(|key| key.name).collect();
    assert_eq!(schema["required"], serde_json::json!(required));
    assert_eq!(schema["propertyNames"]["enum"], serde_json::json!(known));
}

/// Kinds, with the body of a complete document and the required sections of each.
const KINDS: &[(&str, &str, &[&str])] = &[
    (
        "implemented-features",
        "## Core Features\n\n### One\n**Status**: Stable | **Version**: 1 | **Coverage**: 5%\n\n## Feature Flags\n\n## Test Coverage Report\n\n## Known Issues\n\n## Feature Stability Matrix\n",
        &["core_features", "feature_flags", "test_coverage_report", "known_issues", "feature_stability_matrix"],
    ),
    (
        "current-architecture",
        "## Component Status\n\n## System Components\n\n### Back\n| Component | Status | Mock/Real |\n|---|---|---|\n| a | Active | Real |\n\n## Integration Points\n\n## Performance Metrics\n\n## Risk Assessment\n",
        &["component_status", "system_components", "integration_points", "performance_metrics", "risk_assessment"],
    ),
    (
        "active-mocks",
        "## Active Mocks\n\n### 1. One\n**Status**: Active | **Fidelity**: Low | **Impact**: High\n**Location**: y\n\n## Mock Inventory\n\n## Technical Debt Assessment\n\n## Migration Timeline\n",
        &["active_mocks", "mock_inventory", "technical_debt_assessment", "migration_timeline"],
    ),
    (
        "phase-plan",
        "## Phase Group Summary\n\n## Phase Group: A\n\n### Phase 1: One\n**Status**: Planned | **Duration**: y\n\n## Success Metrics\n\n## Risk Register\n",
        &["phase_group_summary", "success_metrics", "risk_register"],
    ),
    (
        "upcoming-features",
        "## Sprint Summary\n\n## Priority 1: Now\n\n### 1. One\n**Status**: Planned | **Points**: 1 | **Owner**: a\n**Target**: y\n\n**Acceptance Criteria**:\n- z\n\n**Dependencies**: None\n\n## Risk Assessment\n\n## Dependencies Status\n",
        &["sprint_summary", "risk_assessment", "dependencies_status"],
    ),
];

#[test]
fn a_complete_document_of_each_kind_is_clean() {
    let _transcript = crate::transcript::Transcript::of_this_test();
    for (kind, body, _) in KINDS {
        let repo = Repo::new();
        repo.write("a.md", document(&format!("  phase_number: 1\n  kind: {kind}\n"), &format!("# T\n\n{body}")));
        repo.validate().exits(0);
    }
}

#[test]
fn reports_each_missing_section() {
    let _transcript = crate::transcript::Transcript::of_this_test();
    for (kind, body, sections) in KINDS {
        for section in *sections {
            let title = section.replace('_', " ");
            let other: Vec<String> = body
                .lines()
                .map(|line| {
                    if line.to_lowercase() == format!("## {title}") {
                        "## Elsewhere".to_owned()
                    } else {
                        line.to_owned()
                    }
                })
                .collect();
            let repo = Repo::new();
            repo.write(
                "a.md",
                document(&format!("  phase_number: 1\n  kind: {kind}\n"), &format!("# T\n\n{}\n", other.join("\n"))),
            );
            repo.validate().exits(1);
        }
    }
}

#[test]
fn reports_each_missing_field_and_column() {
    let _transcript = crate::transcript::Transcript::of_this_test();
    let cases = [
        ("implemented-features", "**Version**: 1 | "),
        ("implemented-features", " | **Coverage**: 5%"),
        ("current-architecture", " Mock/Real |"),
        ("active-mocks", " | **Fidelity**: Low"),
        ("active-mocks", "**Location**: y\n"),
        ("active-mocks", " | **Impact**: High"),
        ("phase-plan", " | **Duration**: y"),
        ("upcoming-features", " | **Points**: 1"),
        ("upcoming-features", "**Target**: y\n"),
        ("upcoming-features", "## Priority 1: Now"),
    ];
    for (kind, cut) in cases {
        let (_, body, _) = KINDS.iter().find(|(name, ..)| *name == kind).unwrap();
        assert!(body.contains(cut), "{cut}");
        let repo = Repo::new();
        let body = body.replace(cut, if cut.contains("Mock/Real") { " x |" } else { "" });
        repo.write("a.md", document(&format!("  phase_number: 1\n  kind: {kind}\n"), &format!("# T\n\n{body}")));
        repo.validate().exits(1);
    }
}

#[test]
fn the_summary_of_a_phase_group_is_not_a_phase() {
    let repo = Repo::new();
    let (_, body, _) = KINDS.iter().find(|(name, ..)| *name == "phase-plan").unwrap();
    let body = body.replace("## Phase Group Summary\n", "## Phase Group Summary\n\n### Theme\n**Words**: x\n");
    repo.write("a.md", document("  phase_number: 1\n  kind: phase-plan\n", &format!("# T\n\n{body}")));
    repo.validate().exits(0);
}

#[test]
fn a_repository_replaces_a_schema_and_adds_kinds_and_versions() {
    let repo = Repo::new();
    repo.write("a.md", document("  phase_number: 1\n  kind: runbook\n", "# T\n\n## Steps\n"));
    repo.validate().exits(0);
    repo.write(
        ".phx/schemas/v1.0/runbook.schema.json",
        r#"{ "x-kind": { "noun": "step", "sections": ["steps"] },
             "properties": {
               "governance": { "$ref": "governance.schema.json" },
               "title": { "x-message": "a runbook is called Runbook", "const": "Runbook" },
               "items": { "x-severity": "warning", "items": { "properties": { "fields": { "required": ["owner"] } } } }
             } }"#,
    );
    repo.validate().exits(1);
    repo.write(
        "a.md",
        document("  phase_number: 1\n  kind: runbook\n", "# Runbook\n\n## Steps\n\n### 1. Go\n**Time**: 5\n"),
    );
    repo.validate().exits(0);
    repo.write(".phx/schemas/v1.1/governance.schema.json", r#"{ "required": ["owner"] }"#);
    repo.write(
        ".phx/schemas/v1.1/document.schema.json",
        r#"{ "properties": { "governance": { "$ref": "governance.schema.json" } } }"#,
    );
    repo.write("a.md", document("  phase_number: 1\n", "").replace("v1.0", "v1.1"));
    repo.validate().exits(1);
    repo.write("a.md", document("  phase_number: 1\n", "").replace("v1.0", "v1.2"));
    repo.run(&["validate"]).exits(1);
}

#[test]
fn reports_invalid_schemas_and_uses_no_network() {
    let repo = Repo::new();
    repo.write("a.md", document("  phase_number: 1\n", ""));
    repo.write(".phx/schemas/v1.0/document.schema.json", "{ nonsense");
    repo.run(&["validate"]).exits(2);
    repo.write(".phx/schemas/v1.0/document.schema.json", r#"{ "type": "strin" }"#);
    repo.run(&["validate"]).exits(2);
    repo.write(".phx/schemas/v1.0/document.schema.json", r#"{ "$ref": "http://127.0.0.1:9/x.json" }"#);
    repo.run(&["validate"]).exits(2);
}

/// phx validates with the outline of the model if only built-in schemas are in use. A schema in the repository, even an
/// unrelated one, makes it use the full model; the findings must be the same.
#[test]
fn the_outline_and_the_full_model_give_the_same_findings() {
    let (short, full) = (Repo::new(), Repo::new());
    full.write(".phx/schemas/v0.1/unrelated.schema.json", "{}");
    for (kind, body, _) in KINDS {
        let text = document(&format!("  phase_number: 1\n  kind: {kind}\n"), &format!("# T\n\n{body}"));
        let lines: Vec<&str> = text.lines().collect();
        for cut in 2..lines.len() {
            let rest = [&lines[..cut], &lines[cut + 1..]].concat().join("\n");
            for repo in [&short, &full] {
                repo.write(&format!("{kind}-{cut}.md"), &rest);
            }
        }
    }
    let (short, full) = (short.validate(), full.validate());
    assert!(short.stdout.lines().count() > 50, "expected more findings:\n{}", short.stdout);
    assert_eq!(short.stdout, full.stdout);
}
