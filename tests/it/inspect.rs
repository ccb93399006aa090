//! `phx inspect`: the model and its schema.

use crate::support::{Repo, assert_valid, document};

/// Document that contains every kind of element.
const BODY: &str = "\
# 📘 Upcoming Features

## Sprint Summary
<!-- AUTO-GENERATED - DO NOT EDIT -->
Total Features: 15
<!-- END AUTO-GENERATED sum:0123456789abcdef -->

## Phase 2: Hardening ✅ COMPLETE

### 🎯 Priority 1: Now

#### 1. First `one`
**Status**: 🚧 In Progress | **Points**: 8 | **Owner**: Lisa | Ada
**Target:** 2025-08-30

- loose entry
- another

**Requirements**:
- [x] Done
- [ ] Open
  - deeper

**Numbers** (all):
| Metric | Value |
|---|---|
| a\\|b | 1 |

**Code**:
```rust
fn x() {}
```

**Live**:
<!-- AUTO-GENERATED:live -->
| not | seen |
|---|---|
| x | y |
<!-- END AUTO-GENERATED:live -->

**Empty**:

#### Second
**Status**: Planned
goes on here

#### Third

## Risk Assessment
<!-- MANUAL - REQUIRES REVIEW reviewed:2025-08-29 -->
### Deep
Text.

- [ ] Check it

```
## not a heading
<!-- MANUAL -->
```

## Risk Assessment
";

fn model() -> serde_json::Value {
    let repo = Repo::new();
    let text =
        document("  phase_number: 2\n", BODY).replace("auto_sections: []", "auto_sections: [sprint_summary, gone]");
    repo.write("docs/UPCOMING_FEATURES.md", text);
    repo.run(&["inspect", "docs/UPCOMING_FEATURES.md"]).exits(0).json()
}

#[test]
fn the_model_matches_its_schema() {
    assert_valid("schemas/model.schema.json", &model());
}

#[test]
fn items_have_their_fields() {
    let model = model();
    let items = model["items"].as_array().unwrap();
    let ids: Vec<&str> = items.iter().map(|item| item["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["first_one", "second"], "a heading without fields is not an item");
    let first = &items[0];
    assert_eq!(first["number"], 1);
    assert_eq!(first["title"], "First one");
    assert_eq!(first["within"], serde_json::json!(["phase_2_hardening", "priority_1_now"]));
    assert_eq!(
        first["fields"],
        serde_json::json!({
            "status": "In Progress",
            "points": 8,
            "owner": "Lisa | Ada",
            "target": "2025-08-30",
            "requirements": [
                { "text": "Done", "done": true },
                { "text": "Open", "done": false, "list": ["deeper"] }
            ],
            "numbers": { "header": ["Metric", "Value"], "columns": [], "rows": [{ "Metric": "a|b", "Value": "1" }] },
            "code": { "language": "rust", "code": "fn x() {}\n" },
            "live": { "block": "live" }
        })
    );
    assert_eq!(first["icons"], serde_json::json!({ "status": "🚧" }));
    assert_eq!(first["list"], serde_json::json!(["loose entry", "another"]));
    assert_eq!(items[1]["fields"], serde_json::json!({ "status": "Planned" }));
}

#[test]
fn sections_have_number_state_and_text() {
    let model = model();
    let sections = model["sections"].as_object().unwrap();
    let ids: Vec<&str> = sections.keys().map(String::as_str).collect();
    assert_eq!(
        ids,
        [
            "sprint_summary",
            "phase_2_hardening",
            "priority_1_now",
            "first_one",
            "second",
            "third",
            "risk_assessment",
            "deep",
            "risk_assessment_2"
        ]
    );
    assert_eq!(model["title"], "Upcoming Features");
    let phase = &sections["phase_2_hardening"];
    assert_eq!(
        (phase["title"].as_str(), phase["number"].as_u64(), phase["state"].as_str()),
        (Some("Phase 2: Hardening"), Some(2), Some("COMPLETE"))
    );
    let risk = &sections["risk_assessment"];
    assert_eq!(risk["checklist"], serde_json::json!([]), "the task is below another heading");
    assert_eq!(sections["deep"]["checklist"], serde_json::json!([{ "text": "Check it", "done": false }]));
    assert_eq!(risk["text"], "### Deep\nText.\n\n- [ ] Check it\n\n```\n## not a heading\n<!-- MANUAL -->\n```");
    assert_eq!(sections["sprint_summary"]["text"], "");
}

#[test]
fn blocks_have_their_names_and_bodies() {
    let model = model();
    let blocks = model["blocks"].as_array().unwrap();
    let names: Vec<_> =
        blocks.iter().map(|block| (block["mode"].as_str().unwrap(), block["name"].as_str().unwrap())).collect();
    assert_eq!(names, [("auto", "sprint_summary"), ("auto", "live"), ("manual", "risk_assessment")]);
    assert_eq!(blocks[0]["declared"], true);
    assert_eq!(blocks[0]["sum"], "0123456789abcdef");
    assert_eq!(blocks[0]["previous"]["pairs"], serde_json::json!({ "Total Features": "15" }));
    assert_eq!((blocks[1]["declared"].as_bool(), blocks[1]["item"].as_str()), (Some(false), Some("first_one")));
    assert_eq!(blocks[2]["reviewed"], "2025-08-29");
}

#[test]
fn the_model_excludes_tables_in_auto_blocks() {
    let model = model();
    let tables = model["tables"].as_array().unwrap();
    assert_eq!(tables.len(), 1, "tables in AUTO blocks are excluded");
    assert_eq!(tables[0]["within"], serde_json::json!(["phase_2_hardening", "priority_1_now", "first_one"]));
}

#[test]
fn a_line_below_a_list_is_not_part_of_its_last_entry() {
    let repo = Repo::new();
    let body = "# T\n\n## A\n**Path**:\n1. one (5 points)\n2. two (3 points)\n**Total: 8 points**\n";
    repo.write("a.md", document("  phase_number: 1\n", body));
    let model = repo.run(&["inspect", "a.md"]).exits(0).json();
    assert_eq!(model["items"][0]["fields"]["path"], serde_json::json!(["one (5 points)", "two (3 points)"]));
}

#[test]
fn a_bold_lead_in_names_a_block() {
    let repo = Repo::new();
    let body = "# T\n\n## A\n\n**Milestone Tracking**:\n\n<!-- AUTO-GENERATED -->\nx\n<!-- END AUTO-GENERATED sum:73cb3858a687a849 -->\n";
    repo.write(
        "a.md",
        document("  phase_number: 1\n", body).replace("auto_sections: []", "auto_sections: [milestone_tracking]"),
    );
    repo.validate().exits(0);
}

#[test]
fn reports_files_that_cannot_be_inspected() {
    let repo = Repo::new();
    repo.write("free.md", "# Free\n").write("d/x", "");
    repo.run(&["inspect", "free.md"]).exits(2);
    repo.run(&["inspect", "no.md"]).exits(2);
    repo.run(&["inspect", "d"]).exits(2);
    repo.write("bad.md", "---\ngovernance: [\n---\n# T\n");
    repo.run(&["inspect", "bad.md"]).exits(0);
}
