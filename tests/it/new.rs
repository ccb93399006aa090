//! `phx new`: new documents are valid, and no file is overwritten.

use crate::support::Repo;

const KINDS: &[(&str, &str)] = &[
    ("active-mocks", "ACTIVE_MOCKS.md"),
    ("current-architecture", "CURRENT_ARCHITECTURE.md"),
    ("implemented-features", "IMPLEMENTED_FEATURES.md"),
    ("phase-plan", "PHASE_PLAN.md"),
    ("upcoming-features", "UPCOMING_FEATURES.md"),
];

#[test]
fn new_documents_are_valid() {
    let _transcript = crate::transcript::Transcript::of_this_test();
    for (kind, file) in KINDS {
        let repo = Repo::new();
        repo.run(&["new", kind]).exits(0);
        repo.validate().exits(0);
        let text = repo.read(file);
        repo.note(&text);
    }
}

#[test]
fn each_document_has_its_own_correlation_id() {
    let repo = Repo::new();
    let ids: Vec<String> = (0..2)
        .map(|_| {
            let text = repo.run(&["new", "phase-plan", "-"]).exits(0).stdout;
            text.lines().find(|line| line.contains("correlation_id")).unwrap().to_owned()
        })
        .collect();
    assert_ne!(ids[0], ids[1]);
}

#[test]
fn writes_to_the_given_path_and_overwrites_nothing() {
    let repo = Repo::new();
    repo.run(&["new", "phase-plan", "docs/deep/plan.md"]).exits(0);
    repo.note(&repo.read("docs/deep/plan.md"));
    repo.write("docs/PHASE_PLAN.md", "mine");
    repo.run(&["new", "phase-plan", "docs"]).exits(2);
    assert_eq!(repo.read("docs/PHASE_PLAN.md"), "mine");
}

#[test]
fn uses_the_configured_window() {
    let repo = Repo::new();
    repo.write("phx.toml", "[[kind]]\nname = \"phase-plan\"\nupdate_every = \"30d\"\n");
    repo.run(&["new", "phase-plan", "-"]).exits(0);
}

#[test]
fn uses_templates_of_the_repository() {
    let repo = Repo::new();
    repo.run(&["new", "runbook"]).exits(2);
    repo.run(&["new", "phase-plans"]).exits(2);
    repo.write(".phx/templates/documents/runbook.md", "# {{ kind }} of {{ today }}\n");
    repo.run(&["new", "runbook"]).exits(0);
    assert_eq!(repo.read("RUNBOOK.md"), "# runbook of 2025-09-01\n");
    repo.write(".phx/templates/documents/runbook.md", "# T\n{{ nothing }}\n");
    repo.run(&["new", "runbook", "-"]).exits(2);
    repo.write(
        ".phx/templates/documents/runbook.md",
        "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}",
    );
    repo.run(&["new", "runbook", "-"]).exits(2);
}

#[test]
fn writes_the_kind_if_the_path_does_not_determine_it() {
    let _transcript = crate::transcript::Transcript::of_this_test();
    for (kind, _) in KINDS {
        let repo = Repo::new();
        repo.run(&["new", kind, "docs/SOMETHING.md"]).exits(0);
        repo.note(&repo.read("docs/SOMETHING.md"));
        repo.validate().exits(0);
    }
    let repo = Repo::new();
    repo.run(&["new", "phase-plan", "CURRENT_ARCHITECTURE.md"]).exits(0);
    repo.validate().exits(0);
    repo.write(".phx/schemas/v1.0/notes.schema.json", "{}");
    repo.write("phx.toml", "[[kind]]\nname = \"notes\"\npaths = [\"notes/*.md\"]\n");
    repo.run(&["new", "phase-plan", "notes/a.md"]).exits(2);
}

#[test]
fn a_new_document_has_no_warning_about_the_ledger() {
    let repo = Repo::with_git();
    repo.run(&["new", "phase-plan", "first.md"]).exits(0);
    repo.commit("first");
    repo.run(&["review", "first.md", "--yes"]).exits(0);
    repo.commit("review");
    repo.run(&["new", "phase-plan", "second.md"]).exits(0);
    repo.run(&["validate", "--fail-on", "warning"]).exits(0);
    // A stamp of a review whose record is missing is still reported.
    let text = repo.read("first.md");
    let at = text.find("correlation_id: ").unwrap() + "correlation_id: ".len();
    let other = format!("{}4018e185-d0ad-4382-91cf-3224b61fcdfd{}", &text[..at], &text[at + 36..]);
    repo.write("first.md", other);
    repo.run(&["validate", "-o", "concise"]).recorded();
}
