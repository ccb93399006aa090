//! `phx review`, and the rules about reviews.

use crate::support::{Repo, Run, document};

/// Document with two MANUAL sections; `sources` are additional lines of the governance block.
pub(crate) fn living(sources: &str) -> String {
    let body = "# Berths\n\n## Planning\n<!-- MANUAL - REQUIRES REVIEW -->\n\nTwo berths.\n\n## Risks\n<!-- MANUAL:risks -->\n\nLow.\n";
    document(&format!("  phase_number: 2\n{sources}"), body)
        .replace("manual_sections: []", "manual_sections: [planning, risks]")
}

pub(crate) const DOC: &str = "docs/BERTHS.md";

pub(crate) fn repo() -> Repo {
    let repo = Repo::with_git();
    repo.write(DOC, living("  sources: [\"src/ws/**\"]\n"))
        .write("src/ws/a.rs", "a\n")
        .write("src/b.rs", "b\n")
        .commit("first");
    repo
}

pub(crate) fn review(repo: &Repo, arguments: &[&str]) -> Run {
    repo.run(&[&["review"][..], arguments].concat())
}

pub(crate) fn at<'a>(time: &'a str, arguments: &[&'a str]) -> Vec<&'a str> {
    [&["--now", time][..], arguments].concat()
}

pub(crate) fn findings(repo: &Repo, now: &str) -> String {
    repo.run(&at(now, &["validate", "-q", "-o", "concise"])).stdout
}

pub(crate) fn id(repo: &Repo) -> String {
    let text = repo.read(DOC);
    text.lines().find_map(|line| line.trim().strip_prefix("correlation_id: ")).unwrap().to_owned()
}

pub(crate) fn records(repo: &Repo) -> Vec<String> {
    let folder = repo.path().join(".phx/ledger");
    let mut found = Vec::new();
    for month in std::fs::read_dir(folder).into_iter().flatten() {
        for file in std::fs::read_dir(month.unwrap().path()).unwrap() {
            let file = file.unwrap().path();
            found.push(file.strip_prefix(repo.path()).unwrap().to_string_lossy().into_owned());
        }
    }
    found.sort();
    found
}

#[test]
fn a_review_updates_stamp_and_dates_and_writes_a_record() {
    let repo = repo();
    let before = repo.read(DOC);
    let index = repo.git(&["ls-files", "--stage"]);
    review(&repo, &[DOC, "--yes", "--note", "read with Ada"]).exits(0);
    let id = id(&repo);
    // The window of the document stays 14 days.
    let expected = before
        .replace("4018e185-d0ad-4382-91cf-3224b61fcdfd", &id)
        .replace("2025-08-29T15:35:33Z", "2025-09-01T00:00:00Z")
        .replace("2025-09-12T15:35:33Z", "2025-09-15T00:00:00Z")
        .replace("REQUIRES REVIEW -->", "REQUIRES REVIEW reviewed:2025-09-01 -->")
        .replace("<!-- MANUAL:risks -->", "<!-- MANUAL:risks reviewed:2025-09-01 -->");
    assert_eq!(repo.read(DOC), expected);
    assert_eq!(repo.git(&["ls-files", "--stage"]), index, "nothing is staged");
    assert_eq!(records(&repo), [format!(".phx/ledger/2025-09/{id}.json")]);
    let record: serde_json::Value = serde_json::from_str(&repo.read(&records(&repo)[0])).unwrap();
    assert_eq!(record["actor"], "Ines <ines@harbor.example>");
    assert_eq!((&record["operation"], &record["note"]), (&"review".into(), &"read with Ada".into()));
    assert_eq!(record["documents"][0]["path"], DOC);
    assert_eq!(record["documents"][0]["sections"].as_object().unwrap().len(), 2);
    repo.validate().exits(0);
    repo.run(&["audit", "verify"]).exits(0);
}

#[test]
fn a_review_of_one_section_keeps_other_reviews() {
    let repo = repo();
    review(&repo, &[DOC, "--yes"]).exits(0);
    repo.commit("review");
    repo.write(DOC, repo.read(DOC).replace("Two berths.", "Three berths.").replace("Low.", "High."));
    let found = findings(&repo, "2025-09-02T00:00:00Z");
    assert_eq!(found.matches("unreviewed-manual-change").count(), 2, "{found}");
    repo.run(&at("2025-09-02T00:00:00Z", &["review", &format!("{DOC}#planning"), "--yes"])).exits(0);
    let found = findings(&repo, "2025-09-02T00:00:00Z");
    assert_eq!(found.lines().count(), 1, "{found}");
    repo.note(&found);
    repo.note(&repo.read(DOC));
    // Trailing white space and generated text are not compared.
    repo.write(DOC, repo.read(DOC).replace("High.", "Low.  ").replace("Three berths.\n", "Three berths. \n\n"));
    assert_eq!(findings(&repo, "2025-09-02T00:00:00Z"), "");
    review(&repo, &[&format!("{DOC}#plannin"), "--yes"]).exits(2);
}

#[test]
fn a_review_shows_and_records_changed_sources() {
    let repo = repo();
    review(&repo, &[DOC, "--yes"]).exits(0);
    repo.commit("review");
    assert_eq!(findings(&repo, "2025-09-01T00:00:00Z"), "");
    repo.write("src/b.rs", "other\n");
    assert_eq!(findings(&repo, "2025-09-01T00:00:00Z"), "");
    repo.write("src/ws/a.rs", "changed\n");
    let changed = findings(&repo, "2025-09-01T00:00:00Z");
    crate::transcript::note(&changed);
    repo.commit("code");
    assert_eq!(findings(&repo, "2025-09-01T00:00:00Z"), changed);
    for source in [&["--rev", "HEAD"][..], &["--rev", "HEAD~1"]] {
        let run = repo.run(&[&["validate", "-q", "-o", "concise"][..], source].concat());
        assert_eq!(run.stdout == changed, source[1] == "HEAD", "{}", run.stdout);
    }
    review(&repo, &[DOC, "--yes"]).exits(0);
    assert_eq!(findings(&repo, "2025-09-01T00:00:00Z"), "");
    review(&repo, &[DOC, "--yes"]).exits(0);
    // A commit that changes the sources reports the document next to them.
    repo.commit("reviewed").run(&["hook", "install"]).exits(0);
    repo.write("src/ws/a.rs", "again\n").git(&["add", "-A"]);
    repo.run(&["hook", "run", "pre-commit", "-v"]).exits(0);
}

#[test]
fn reports_a_new_stamp_without_a_review_of_changed_sources() {
    let repo = repo();
    let stamped = |day: &str| repo.read(DOC).replacen("last_updated: 2025-08-29", &format!("last_updated: {day}"), 1);
    // The sources are unchanged, so a new date is accepted.
    repo.write(DOC, stamped("2025-08-30"));
    assert_eq!(findings(&repo, "2025-09-01T00:00:00Z"), "");
    repo.git(&["checkout", "-q", DOC]);
    repo.write("src/ws/a.rs", "changed\n").commit("code");
    repo.write(DOC, stamped("2025-08-31"));
    let found = findings(&repo, "2025-09-01T00:00:00Z");
    repo.note(&found);
    repo.git(&["add", "-A"]);
    repo.run(&["validate", "--staged", "-q", "-o", "concise"]).exits(0);
    // With a change of the text it is an update.
    repo.write(DOC, repo.read(DOC).replace("Two berths.", "Three berths."));
    assert_eq!(findings(&repo, "2025-09-01T00:00:00Z"), "");
    repo.git(&["checkout", "-q", "HEAD", "--", DOC]);
    review(&repo, &[DOC, "--yes"]).exits(0);
    assert_eq!(findings(&repo, "2025-09-01T00:00:00Z"), "");
}

#[test]
fn a_staged_review_updates_the_index() {
    let repo = repo();
    repo.write(DOC, repo.read(DOC).replace("Two berths.", "Three berths.")).git(&["add", DOC]);
    repo.write(DOC, repo.read(DOC).replace("Low.", "High, unfinished."));
    review(&repo, &[DOC, "--staged", "--yes"]).exits(0);
    let staged = repo.git(&["show", &format!(":{DOC}")]);
    repo.note(&staged);
    assert_eq!(repo.read(DOC), staged.replace("Low.", "High, unfinished."));
    let record = &records(&repo)[0];
    assert_eq!(repo.git(&["show", &format!(":{record}")]), repo.read(record));
    assert_eq!(repo.git(&["status", "--porcelain"]), format!("A  {record}\nMM {DOC}\n"));
    repo.run(&["validate", "--staged", "-q", "-o", "concise"]).exits(0);
    // If the worktree has another stamp, nothing is written.
    repo.write(DOC, repo.read(DOC).replace("2025-09-15", "2025-09-14"));
    let before = repo.state();
    review(&repo, &[DOC, "--staged", "--yes"]).exits(2);
    assert_eq!(repo.state(), before);
}

#[test]
fn writes_nothing_without_confirmation() {
    let repo = repo();
    let before = repo.state();
    review(&repo, &[DOC]).exits(2);
    review(&repo, &["src/b.rs", "--yes"]).exits(2);
    review(&repo, &["no.md", "--yes"]).exits(2);
    assert_eq!(repo.state(), before);
    let text = repo.read(DOC);
    repo.write(DOC, text.replace("last_updated: ", "updated: "));
    review(&repo, &[DOC, "--yes"]).exits(2);
    repo.write(DOC, text.replace("## Planning", "<!-- AUTO-GENERATED -->\n## Planning"));
    review(&repo, &[DOC, "--yes"]).exits(2);
    assert!(records(&repo).is_empty());
}

#[test]
fn keeps_quotes_and_crlf() {
    let repo = Repo::with_git();
    let text = living("")
        .replace("4018e185-d0ad-4382-91cf-3224b61fcdfd", "\"4018e185-d0ad-4382-91cf-3224b61fcdfd\" # ours")
        .replace("2025-09-12T15:35:33Z", "'2025-09-12T15:35:33Z'")
        .replace('\n', "\r\n");
    repo.write(DOC, &text).commit("first");
    review(&repo, &[DOC, "--yes"]).exits(0);
    let after = repo.read(DOC);
    repo.note(&after);
    assert_eq!(after.matches("\r\n").count(), text.matches("\r\n").count());
    repo.validate().exits(0);
}

#[test]
fn a_moved_document_keeps_its_review() {
    let repo = repo();
    review(&repo, &[DOC, "--yes"]).exits(0);
    repo.commit("review");
    repo.git(&["mv", DOC, "docs/PIERS.md"]);
    assert_eq!(findings(&repo, "2025-09-01T00:00:00Z"), "");
    repo.write("docs/PIERS.md", repo.read("docs/PIERS.md").replace("Low.", "High."));
    assert!(findings(&repo, "2025-09-01T00:00:00Z").contains("unreviewed-manual-change"));
}

#[test]
fn a_review_of_two_documents_is_atomic() {
    let repo = repo();
    repo.write("other.md", living("")).commit("other");
    let file = repo.path().join("other.md");
    let mut permissions = std::fs::metadata(&file).unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&file, permissions).unwrap();
    let before = repo.state();
    review(&repo, &[DOC, "other.md", "--yes"]).exits(4);
    assert_eq!(repo.state(), before);
}

#[test]
fn limits_the_deadline_to_the_year_9999() {
    let repo = repo();
    repo.write(DOC, repo.read(DOC).replace("2025-09-12T15:35:33Z", "9999-12-31T23:59:59Z"));
    review(&repo, &[DOC, "--yes"]).exits(0);
    repo.note(&repo.read(DOC));
}

#[test]
fn reports_the_reviewed_section_and_edited_blocks() {
    let repo = repo();
    repo.write(
        DOC,
        repo.read(DOC)
            + "\n## Numbers\n<!-- AUTO-GENERATED -->\nby hand\n<!-- END AUTO-GENERATED sum:0123456789abcdef -->\n",
    );
    review(&repo, &[DOC, "--yes"]).exits(0);
    repo.run(&at("2025-09-02T00:00:00Z", &["review", &format!("{DOC}#risks"), "--yes"])).exits(0);
    let trail = repo.run(&["trace", DOC]).exits(0).stdout;
    repo.note(&trail);
}

#[test]
fn a_commit_reports_only_new_warnings() {
    let repo = repo();
    repo.run(&["hook", "install"]).exits(0);
    repo.write(DOC, repo.read(DOC).replace("[planning, risks]", "[planning]")).git(&["add", "-A"]);
    let run = repo.try_git(&["commit", "-qm", "undeclared"], &[]).exits(0);
    assert_eq!(run.stderr.matches("phx: new in this commit: ").count(), 1, "{}", run.stderr);
    repo.write(DOC, repo.read(DOC).replace("Two berths", "Three berths")).git(&["add", "-A"]);
    let run = repo.try_git(&["commit", "-qm", "other"], &[]).exits(0);
    assert_eq!(run.stderr, "");
}
