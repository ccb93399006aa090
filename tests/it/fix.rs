//! `phx validate --fix` and `--diff`.

use crate::support::{Repo, document};

const BLOCK: &str = "<!-- AUTO-GENERATED -->\nx\n<!-- END AUTO-GENERATED sum:73cb3858a687a849 -->\n";

/// Document with two undeclared blocks and a section without a marker.
fn undeclared_document() -> String {
    let body = format!("# T\n\n## One\n{BLOCK}\n## Two\n{BLOCK}\n## Risks\nNone.\n");
    document("  phase_number: 1\n", &body).replace("manual_sections: []", "manual_sections: [risks]")
}

#[test]
fn applies_all_fixes_and_reports_the_remaining_findings() {
    let repo = Repo::new();
    repo.write("a.md", undeclared_document())
        .write("late.md", undeclared_document().replace("2025-09-12", "2025-08-31"));
    let run = repo.run(&["validate", "--fix", "-o", "concise"]).exits(1);
    crate::transcript::note(&run.stdout);
    let expected = undeclared_document()
        .replace("auto_sections: []", "auto_sections: [one, two]")
        .replace("## Risks\n", "## Risks\n<!-- MANUAL - REQUIRES REVIEW -->\n");
    assert_eq!(repo.read("a.md"), expected);
    repo.run(&["validate", "--fix", "a.md"]).exits(0);
    assert_eq!(repo.read("a.md"), expected);
}

#[test]
fn diff_prints_the_fixes_and_writes_nothing() {
    let repo = Repo::new();
    repo.write("docs/a.md", undeclared_document());
    let run = repo.run(&["validate", "--diff"]).exits(1);
    assert_eq!(repo.read("docs/a.md"), undeclared_document());
    assert!(run.stdout.starts_with("--- a/docs/a.md\n+++ b/docs/a.md\n@@ -4,7 +4,7 @@\n"), "{}", run.stdout);
    repo.run(&["validate", "--fix", "-q"]).exits(0);
    repo.run(&["validate", "--diff"]).exits(0);
    repo.run(&["validate", "--diff", "--fix"]).exits(2);
}

#[test]
fn does_not_fix_suppressed_findings_or_disabled_rules() {
    let repo = Repo::new();
    let text = undeclared_document().replacen(
        "<!-- AUTO",
        "<!-- phx-ignore undeclared-auto-section: on trial -->\n<!-- AUTO",
        1,
    );
    repo.write("a.md", &text).run(&["validate", "--fix", "-q", "-A", "missing-manual-section"]).exits(0);
    assert_eq!(repo.read("a.md"), text.replace("auto_sections: []", "auto_sections: [two]"));
}

#[test]
fn rejects_fix_for_standard_input() {
    let repo = Repo::new();
    let mut command = repo.command(&["validate", "--fix", "-", "--stdin-filename", "a.md"]);
    let run = repo.finish(&mut command);
    run.exits(2);
}

#[test]
fn writes_fixes_if_other_syntax_errors_move() {
    let repo = Repo::new();
    let odd = undeclared_document().replace("None.", "No\u{0}ne.\n\n<!-- END MANUAL -->");
    repo.write("a.md", undeclared_document()).write("odd.md", &odd);
    repo.run(&["validate", "--fix", "-q", "-o", "concise"]).exits(1);
    for path in ["a.md", "odd.md"] {
        repo.note(&repo.read(path));
    }
    repo.note(&repo.read("odd.md"));
}
