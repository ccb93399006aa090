//! Stale documents: rejected commits, recorded overrides, and trailers in the commit message.

use crate::support::{Repo, clean_document, document};

/// Document whose deadline was 31 August.
fn stale(more: &str) -> String {
    document(&format!("  phase_number: 2\n{more}"), "# Title\n").replace("2025-09-12T15:35:33Z", "2025-08-31T15:35:33Z")
}

/// Repository with a stale document that was committed before the hooks were installed.
fn repo(configuration: &str, more: &str) -> Repo {
    let repo = Repo::with_git();
    repo.write("phx.toml", configuration)
        .write("docs/old.md", stale(more))
        .write("src/ws/a.rs", "a\n")
        .write("b.txt", "b\n");
    repo.write("docs/new.md", clean_document()).commit("first");
    repo.run(&["hook", "install"]).exits(0);
    repo
}

fn commit(repo: &Repo, path: &str, environment: &[(&str, &str)]) -> crate::support::Run {
    repo.write(path, format!("{}more\n", repo.read(path))).git(&["add", path]);
    repo.try_git(&["commit", "-qm", "change"], environment)
}

fn message(repo: &Repo) -> String {
    repo.git(&["log", "-1", "--format=%B"])
}

#[test]
fn a_stale_document_rejects_commits_until_it_is_reviewed() {
    let repo = repo("", "");
    commit(&repo, "b.txt", &[]).exits(1);
    repo.run(&["review", "docs/old.md", "--yes"]).exits(0);
    repo.git(&["add", "-A"]);
    repo.try_git(&["commit", "-qm", "review"], &[]).exits(0);
    commit(&repo, "b.txt", &[]).exits(0);
}

#[test]
fn accepts_a_review_if_other_documents_are_stale() {
    let repo = repo("", "");
    repo.write("docs/other.md", stale("")).git(&["add", "-A"]);
    repo.git(&["commit", "-qm", "other", "--no-verify"]);
    repo.run(&["review", "docs/old.md", "--yes"]).exits(0);
    repo.git(&["add", "-A"]);
    repo.try_git(&["commit", "-qm", "review"], &[]).exits(0);
    commit(&repo, "b.txt", &[]).exits(1);
    // Deleting a stale document also resolves the finding.
    repo.git(&["rm", "-q", "docs/other.md"]);
    repo.try_git(&["commit", "-qm", "gone"], &[]).exits(0);
}

#[test]
fn limits_the_list_of_stale_documents() {
    let repo = repo("", "");
    for number in 0..30 {
        repo.write(&format!("docs/{number}.md"), stale(""));
    }
    repo.git(&["add", "-A"]);
    repo.git(&["commit", "-qm", "many", "--no-verify"]);
    let run = commit(&repo, "b.txt", &[]).exits(1);
    assert_eq!(run.stderr.matches("the deadline passed").count(), 10, "{}", run.stderr);
    commit(&repo, "b.txt", &[("PHX_OVERRIDE", "fire")]).exits(0);
    repo.note(&message(&repo));
}

#[test]
fn related_rejects_only_commits_that_change_the_sources() {
    let repo = repo("[hook]\nstale = \"related\"\n", "  sources: [\"src/ws/**\"]\n");
    commit(&repo, "b.txt", &[]).exits(0);
    commit(&repo, "docs/old.md", &[]).exits(0);
    commit(&repo, "src/ws/a.rs", &[]).exits(1);
}

#[test]
fn enforcement_and_rule_levels_apply_to_stale_documents() {
    let repo = repo("[enforcement]\nlevel = \"advisory\"\n", "");
    commit(&repo, "b.txt", &[]).exits(0);
    repo.write("phx.toml", "[enforcement]\nlevel = \"strict\"\n[rules]\nstale-document = \"warning\"\n");
    repo.git(&["add", "-A"]);
    repo.try_git(&["commit", "-qm", "strict"], &[]).exits(1);
    repo.write("phx.toml", "[rules]\nstale-document = \"warning\"\n").git(&["add", "-A"]);
    repo.try_git(&["commit", "-qm", "standard"], &[]).exits(0);
    repo.write("phx.toml", "[rules]\nstale-document = \"off\"\n").git(&["add", "-A"]);
    let run = repo.try_git(&["commit", "-qm", "off"], &[]).exits(0);
    assert_eq!(run.stderr, "");
}

#[test]
fn an_override_needs_a_reason_and_is_recorded() {
    let repo = repo("", "");
    commit(&repo, "b.txt", &[("PHX_OVERRIDE", " ")]).exits(1);
    let before = repo.git(&["rev-parse", "HEAD"]);
    commit(&repo, "b.txt", &[("PHX_OVERRIDE", "")]).exits(1);
    assert_eq!(repo.git(&["rev-parse", "HEAD"]), before);
    commit(&repo, "b.txt", &[("PHX_OVERRIDE", "release\ntoday")]).exits(0);
    let trailer = "Phx-Override: release today (stale-document; docs/old.md)";
    assert_eq!(message(&repo), format!("change\n\n{trailer}\n\n"));
    // A new reason replaces the first. Without a finding to override there is no trailer.
    repo.try_git(&["commit", "-q", "--amend", "--no-edit"], &[("PHX_OVERRIDE", "later")]).exits(0);
    assert_eq!(message(&repo), "change\n\nPhx-Override: later (stale-document; docs/old.md)\n\n");
    repo.run(&["review", "docs/old.md", "--yes"]).exits(0);
    repo.git(&["add", "-A"]);
    repo.try_git(&["commit", "-qm", "review"], &[("PHX_OVERRIDE", "why not")]).exits(0);
    repo.note(&message(&repo));
}

#[test]
fn updates_numbers_in_an_overridden_commit() {
    let repo = repo("", "");
    let body = "# Upcoming Features\n\n## Sprint Summary\n<!-- AUTO-GENERATED -->\nTotal Features: 9\n<!-- END AUTO-GENERATED -->\n\n\
        ### Priority 1: Now\n\n#### 1. Berth\n**Status**: Planned | **Points**: 8 | **Owner**: Ines\n**Target**: soon\n\n\
        **Deliverables**:\n- a page\n\n**Dependencies**: none\n\n## Risk Assessment\n\nLow.\n\n## Dependencies Status\n\nNone.\n";
    let text = document("  phase_number: 1\n  kind: upcoming-features\n", body)
        .replace("auto_sections: []", "auto_sections: [sprint_summary]");
    repo.write("docs/plan.md", text).git(&["add", "-A"]);
    repo.try_git(&["commit", "-qm", "plan"], &[("PHX_OVERRIDE", "release")]).exits(0);
    repo.note(&repo.git(&["show", "HEAD:docs/plan.md"]));
    repo.note(&message(&repo));
    assert_eq!(repo.git(&["status", "--porcelain"]), "");
}

#[test]
fn does_not_add_a_trailer_to_an_empty_message() {
    let repo = repo("", "");
    repo.write("b.txt", "c\n").git(&["add", "b.txt"]);
    let override_ = [("PHX_OVERRIDE", "now")];
    repo.try_git(&["commit", "-q"], &override_).exits(1);
    repo.try_git(&["-c", "core.commentChar=;", "commit", "-q"], &override_).exits(1);
    repo.try_git(&["commit", "-qv"], &override_).exits(1);
    repo.write("../template", "What and why\n");
    let template = repo.path().join("../template");
    let set = format!("commit.template={}", template.display());
    repo.try_git(&["-c", &set, "commit", "-q"], &override_).exits(1);
    std::fs::remove_file(template).unwrap();
    // The trailer is added to a non-empty message, above the scissors line.
    let editor = [("PHX_OVERRIDE", "now"), ("GIT_EDITOR", "sed -i.bak '1s/^/Words/'")];
    repo.try_git(&["commit", "-qv"], &editor).exits(0);
    assert_eq!(message(&repo), "Words\n\nPhx-Override: now (stale-document; docs/old.md)\n\n");
}

#[test]
fn adds_one_trailer_per_new_correlation_id() {
    let repo = repo("", "");
    repo.run(&["review", "docs/old.md", "docs/new.md", "--yes"]).exits(0);
    repo.git(&["add", "-A"]);
    repo.try_git(&["commit", "-qm", "review\n\nSigned-off-by: Ines <ines@harbor.example>"], &[]).exits(0);
    let text = repo.read("docs/new.md");
    let id = text.lines().find_map(|line| line.trim().strip_prefix("correlation_id: ")).unwrap();
    let expected = format!("review\n\nSigned-off-by: Ines <ines@harbor.example>\nCorrelation-Id: {id}\n\n");
    assert_eq!(message(&repo), expected);
    repo.try_git(&["commit", "-q", "--amend", "--no-edit"], &[]).exits(0);
    assert_eq!(message(&repo), expected);
    // A second review in the same commit replaces the first.
    repo.run(&["review", "docs/new.md", "docs/old.md", "--yes", "--now", "2025-09-01T01:00:00Z"]).exits(0);
    repo.git(&["add", "-A"]);
    repo.try_git(&["commit", "-q", "--amend", "--no-edit"], &[("PHX_NOW", "2025-09-01T01:00:00Z")]).exits(0);
    assert_eq!(message(&repo).matches("Correlation-Id: ").count(), 1, "{}", message(&repo));
    repo.note(&message(&repo));
    // Moving a document does not add a trailer.
    repo.git(&["mv", "docs/new.md", "docs/moved.md"]);
    repo.try_git(&["commit", "-qm", "move"], &[("PHX_NOW", "2025-09-01T01:00:00Z")]).exits(0);
    assert_eq!(message(&repo), "move\n\n");
}

#[test]
fn rejects_deleting_the_last_document_of_a_required_kind() {
    let repo = repo("[documents]\nrequire = [\"document\"]\n[rules]\nstale-document = \"off\"\n", "");
    repo.git(&["rm", "-q", "docs/old.md"]);
    repo.try_git(&["commit", "-qm", "one"], &[]).exits(0);
    repo.git(&["rm", "-q", "docs/new.md"]);
    repo.try_git(&["commit", "-qm", "both"], &[]).exits(1);
}

#[test]
fn keeps_the_encoding_of_a_commit_message() {
    let repo = repo("", "");
    repo.git(&["config", "i18n.commitEncoding", "ISO-8859-1"]);
    repo.write("../message", b"Caf\xe9\n".as_slice());
    repo.write("b.txt", "c\n").git(&["add", "b.txt"]);
    repo.try_git(&["commit", "-qF", "../message"], &[("PHX_OVERRIDE", "now")]).exits(0);
    std::fs::remove_file(repo.path().join("../message")).unwrap();
    let mut shown = repo.git_command(&["cat-file", "commit", "HEAD"]);
    let bytes = shown.output().unwrap().stdout;
    assert!(
        bytes.ends_with(b"\n\nCaf\xe9\n\nPhx-Override: now (stale-document; docs/old.md)\n"),
        "{}",
        bytes.escape_ascii()
    );
}
