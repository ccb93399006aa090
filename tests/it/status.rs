//! `phx status`: one line per document, earliest deadline first.

use crate::support::{Repo, assert_valid, clean_document, document};

/// Document with a deadline and the given content of its AUTO block.
fn due(at: &str, block: &str) -> String {
    let body = format!(
        "# T\n\n## Feature Metrics\n<!-- AUTO-GENERATED -->\n{block}\n## Core Features\n\n### Tides\n**Status**: Stable | **Coverage**: N/A\n"
    );
    document("  phase_number: 1\n  kind: implemented-features\n", &body).replace("2025-09-12T15:35:33Z", at)
}

const UNGENERATED: &str = "Total Features: 1\n<!-- END AUTO-GENERATED -->\n";

fn repo() -> Repo {
    let repo = Repo::new();
    repo.write("late.md", due("2025-08-30T00:00:00Z", UNGENERATED));
    repo.write("docs/soon.md", due("2025-09-01T12:00:00Z", "x\n<!-- END AUTO-GENERATED sum:0000000000000000 -->\n"));
    repo.write("docs/far.md", due("2025-10-01T00:00:00Z", UNGENERATED));
    repo.write("b.md", clean_document()).write("a.md", clean_document());
    repo.write("none.md", clean_document().replace("update_required_by", "update_by"));
    repo.run(&["regen", "-q", "docs/far.md"]).exits(0);
    let outdated = repo.read("docs/far.md") + "\n### Berths\n**Status**: Beta | **Coverage**: N/A\n";
    repo.write("docs/far.md", outdated);
    repo
}

#[test]
fn sorts_documents_by_deadline_and_shows_block_states() {
    repo().run(&["status"]).exits(0);
}

#[test]
fn prints_colors_and_json() {
    let repo = repo();
    let colored = repo.run(&["--color", "always", "status"]).exits(0).stdout;
    repo.note(&colored);
    let value = repo.run(&["status", "-o", "json"]).exits(0).json();
    assert_valid("schemas/status.schema.json", &value);
    let states: Vec<&str> =
        value["documents"].as_array().unwrap().iter().map(|document| document["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["unknown", "stale", "due-soon", "current", "current", "current"]);
    assert_eq!(value["documents"][5]["blocks"], serde_json::json!({ "outdated": 1 }));
}

#[test]
fn limits_the_list_to_the_given_paths() {
    let repo = repo();
    let run = repo.run(&["status", "docs", "late.md"]).exits(0);
    assert_eq!(run.stdout.lines().count(), 3, "{}", run.stdout);
    repo.run(&["status", "no.md"]).exits(2);
    Repo::new().run(&["status"]).exits(3);
    Repo::new().run(&["status", "--allow-empty"]).exits(0);
}
