//! Front matter: locations of keys and values, YAML forms, dialects, and detection of governed documents.

use crate::support::{Repo, clean_document, document};

/// Returns the findings of a front matter, one per line, without the path.
fn findings(front: &str) -> String {
    let repo = Repo::new();
    repo.write("D.md", format!("---\n{front}---\n\n# T\n"));
    repo.validate().stdout.replace("D.md:", "")
}

#[test]
fn reports_all_errors_with_their_locations() {
    let front = "governance:\n  correlation_id: 4018e185-d0ad-4382-91cf-3224b61fcdfg\n  last_updated: 2025-13-29T15:35:33Z\n  \
                 update_required_by: 2025-09-12T15:35:33\n  validation_schema: 1.0\n  auto_sections: sprint\n  \
                 manual_sections: [3]\n  phase_group: Phoenix\n  phase_number: \"2\"\n  owner: \"\"\n";
    crate::transcript::note(&findings(front));
}

#[test]
fn reports_each_missing_key() {
    let found = findings("governance:\n  phase_number: 2\n");
    assert_eq!(found.lines().count(), 7, "{found}");
    crate::transcript::note(&found);
}

#[test]
fn reads_every_form_of_yaml() {
    let _transcript = crate::transcript::Transcript::of_this_test();
    let clean = clean_document();
    let forms = [
        clean.replace("---\n\n# Title", "...\n\n# Title"),
        format!("\u{FEFF}{clean}"),
        clean.replace('\n', "\r\n"),
        clean.replace('\n', "\r"),
        clean.replace("  validation_schema: v1.0", "  # a comment\n  validation_schema: \"v1.0\" # another"),
        clean
            .replace("auto_sections: []", "auto_sections: &none []")
            .replace("manual_sections: []", "manual_sections: *none"),
        clean.replace("---\ngovernance:", "---\ntitle: \"x: y\"\ntags: [a, b]\ngovernance:"),
        clean.replace("---\ngovernance", "---  \ngovernance").replace("---\n\n", "---\t\n\n"),
    ];
    for form in forms {
        Repo::new().write("D.md", &form).validate().exits(0);
    }
}

#[test]
fn locations_are_correct_after_a_bom_and_with_crlf() {
    let text = document("  phase_number: 0\n", "").replace('\n', "\r\n");
    let repo = Repo::new();
    let found = repo.write("D.md", format!("\u{FEFF}{text}")).run(&["validate", "-o", "json"]).exits(1).json();
    let finding = &found["findings"][0];
    assert_eq!((finding["line"].as_u64(), finding["column"].as_u64()), (Some(10), Some(17)));
    let start = usize::try_from(finding["byte_start"].as_u64().unwrap()).unwrap();
    assert_eq!(std::fs::read(repo.path().join("D.md")).unwrap()[start], b'0');
}

#[test]
fn reads_flat_front_matter_with_aliases() {
    let repo = Repo::new();
    repo.write(
        "phx.toml",
        "[front_matter]\nroot = \"\"\n[front_matter.aliases]\nlast_updated = \"last_reviewed_on\"\nupdate_required_by = \"review_by\"\n",
    );
    let flat = clean_document()
        .replace("governance:\n", "title: X\n")
        .replace("\n  ", "\n")
        .replace("last_updated", "last_reviewed_on")
        .replace("update_required_by", "review_by");
    repo.write("D.md", &flat).validate().exits(0);
    repo.write("D.md", flat.replace("2025-09-12T15:35:33Z", "tomorrow"));
    repo.validate().exits(1);
    repo.write("D.md", flat.replace("last_reviewed_on: 2025-08-29T15:35:33Z\n", ""));
    repo.validate().exits(1);
    repo.write("D.md", flat).run(&["validate", "--now", "2026-01-01T00:00:00Z"]).exits(1);
}

#[test]
fn reads_the_configured_root() {
    let repo = Repo::new();
    repo.write("phx.toml", "[front_matter]\nroot = \"living\"\n");
    repo.write("D.md", clean_document().replace("governance:", "living:")).validate().exits(0);
    repo.write("D.md", clean_document()).run(&["validate"]).exits(3);
}

#[test]
fn a_thematic_break_is_not_front_matter() {
    let repo = Repo::new();
    repo.write("a.md", "---\n\nA rule line, then prose: with a colon\n\tand a tab.\n");
    repo.write("b.md", "---\ntitle: [broken\n---\n");
    repo.run(&["validate", "a.md", "b.md"]).exits(0);
}

#[test]
fn finds_the_governance_block_after_a_long_comment() {
    let repo = Repo::new();
    let long = "# filler\n".repeat(6000);
    let text = clean_document().replace("---\ngovernance", &format!("---\n{long}governance"));
    repo.write("D.md", text).run(&["validate"]).exits(0);
}

/// Front matter that a script corrupted; its first value is not valid YAML.
const CORRUPTED: &str = "governance:\n  correlation_id: CorrelationContext(correlation_id='c97b0a58-4020-4eb8-a91c-1b5d8ffbc6f2', \
    parent_correlation_id=None, user='A B', start_time=datetime.datetime(2025, 8, 29, 18, 52, 4), \
    status=<OperationStatus.IN_PROGRESS: 'in_progress'>, metadata={'user': 'A B', 'files': ['a.yml', 'b.py']})\n  \
    P25-08-29T18:50:54.656947Z\n  P25-09-01T18:50:54.657944Z\n  validation_schema: v1.0\n";

#[test]
fn reports_each_line_of_corrupted_front_matter() {
    crate::transcript::note(&findings(CORRUPTED));
    let repo = Repo::new();
    repo.write("D.md", format!("---\n{CORRUPTED}---\n"));
    repo.run(&["validate"]).exits(1);
}

#[test]
fn reports_yaml_syntax_errors() {
    crate::transcript::note(&findings("governance:\n  owner: a: b\n"));
}
