//! The ledger: records and branches, `phx trace`, `phx audit verify`.

use crate::review::{DOC, at, findings, id, living, records, repo, review};
use crate::support::{Repo, package};

#[test]
fn reports_an_unrecorded_correlation_id_if_a_ledger_exists() {
    let repo = repo();
    repo.write("other.md", living("")).commit("other");
    assert_eq!(findings(&repo, "2025-09-01T00:00:00Z"), "");
    review(&repo, &[DOC, "--yes"]).exits(0);
    let found = findings(&repo, "2025-09-01T00:00:00Z");
    crate::transcript::note(&found);
    // The index has no ledger until the record is staged.
    repo.git(&["add", DOC]);
    assert_eq!(repo.run(&["validate", "--staged", "-q", "-o", "concise"]).stdout, "");
    repo.git(&["add", ".phx"]);
    repo.run(&["validate", "--staged", "-q", "-o", "concise"]).exits(0);
}

#[test]
fn two_branches_that_review_different_documents_merge_without_a_conflict() {
    let repo = repo();
    repo.write("other.md", living("")).commit("other");
    repo.run(&["hook", "install"]).exits(0);
    repo.git(&["checkout", "-qb", "topic"]);
    review(&repo, &["other.md", "--yes"]).exits(0);
    repo.git(&["add", "-A"]);
    repo.git(&["commit", "-qm", "review other"]);
    repo.git(&["checkout", "-q", "main"]);
    review(&repo, &[DOC, "--yes"]).exits(0);
    repo.git(&["add", "-A"]);
    repo.git(&["commit", "-qm", "review one"]);
    repo.git(&["merge", "-q", "topic", "-m", "both"]);
    repo.validate().exits(0);
    repo.run(&["audit", "verify"]).exits(0);
}

#[test]
fn two_branches_that_review_the_same_document_conflict_only_in_the_stamp() {
    let repo = repo();
    repo.git(&["checkout", "-qb", "topic"]);
    repo.run(&at("2025-09-01T00:00:00Z", &["review", DOC, "--yes"])).exits(0);
    repo.commit("review on topic");
    repo.git(&["checkout", "-q", "main"]);
    repo.run(&at("2025-09-01T08:00:00Z", &["review", DOC, "--yes"])).exits(0);
    repo.commit("review on main");
    repo.try_git(&["merge", "topic"], &[]).exits(1);
    assert_eq!(repo.git(&["diff", "--name-only", "--diff-filter=U"]), format!("{DOC}\n"));
    let text = repo.read(DOC);
    assert_eq!(text.matches("<<<<<<< ").count(), 1, "{text}");
    repo.run(&["validate", "--now", "2025-09-01T08:00:00Z"]).exits(1);
    repo.git(&["checkout", "--ours", "--", DOC]);
    repo.run(&at("2025-09-01T09:00:00Z", &["review", DOC, "--yes"])).exits(0);
    repo.commit("merge");
    assert_eq!(findings(&repo, "2025-09-01T09:00:00Z"), "");
}

#[test]
fn trace_follows_renames() {
    let repo = repo();
    repo.run(&["hook", "install"]).exits(0);
    review(&repo, &[DOC, "--yes"]).exits(0);
    repo.git(&["add", "-A"]);
    repo.git(&["commit", "-qm", "Review"]);
    repo.git(&["mv", DOC, "docs/größe (2).md"]);
    repo.git(&["commit", "-qm", "Move"]);
    let trail = repo.run(&["trace", "docs/größe (2).md"]).exits(0).stdout;
    repo.note(&trail);
}

#[test]
fn trace_shows_the_audit_trail_of_a_document_and_of_an_id() {
    let repo = repo();
    repo.run(&["hook", "install"]).exits(0);
    review(&repo, &[DOC, "--yes", "--note", "all of it"]).exits(0);
    repo.git(&["add", "-A"]);
    repo.git(&["commit", "-qm", "Review the berths"]);
    repo.write(DOC, repo.read(DOC).replace("# Berths", "# All berths")).git(&["commit", "-qam", "Rename it"]);
    let id = id(&repo);
    repo.run(&["trace", DOC]).exits(0);
    let one = repo.run(&["trace", &id]).exits(0).stdout;
    repo.note(&one);
    let json = repo.run(&["trace", &id, "-o", "json"]).exits(0).json();
    crate::support::assert_valid("schemas/trace.schema.json", &json);
    assert_eq!(json["ids"][0]["commits"][0]["known_by"], "trailer");
    repo.run(&["trace", "11111111-2222-4333-8444-555555555555"]).exits(2);
    repo.run(&["trace", "nothing.md"]).exits(2);
    // A squash commit has the trailer in the middle of its message; a shallow clone reports the limit of its history.
    repo.git(&["reset", "-q", "--soft", "HEAD~2"]);
    repo.git(&["commit", "-qm", &format!("Squash\n\n* Review\n\nCorrelation-Id: {id}\n\n* Rename it"), "--no-verify"]);
    assert!(repo.run(&["trace", &id]).exits(0).stdout.contains(": Squash\n"));
    let clone = Repo::bare();
    clone.git(&["clone", "-q", "--depth=1", &format!("file://{}", repo.path().display()), "shallow"]);
    clone.run(&["-C", "shallow", "trace", DOC]).exits(0);
}

#[test]
fn verify_finds_invalid_changed_and_lost_records() {
    let repo = repo();
    repo.run(&["audit", "verify"]).exits(0);
    review(&repo, &[DOC, "--yes"]).exits(0);
    repo.commit("review");
    let path = records(&repo)[0].clone();
    let good = repo.read(&path);
    let wrong = |old: &str, new: &str| {
        assert!(good.contains(old), "{old}");
        repo.write(&path, good.replacen(old, new, 1));
        repo.run(&["audit", "verify"]).exits(1);
    };
    wrong("\"operation\": \"review\"", "\"operation\": \"rewiew\"");
    wrong("Ines <ines@harbor.example>", " ");
    wrong("{", "[");
    wrong("2025-09-01T00:00:00Z", "2025-09-02T00:00:00Z");
    wrong("\"text\": \"", "\"text\": \"x");
    repo.write(&path, &good);
    let other = path.replace("2025-09/", "2025-08/");
    repo.write(&other, &good);
    repo.run(&["audit", "verify"]).exits(1);
    std::fs::remove_file(repo.path().join(&other)).unwrap();
    // A record may be removed only by a revert, and never changed.
    repo.write(&path, good.replace("Ines <", "Ada <")).commit("forge");
    let range = |range: &str| repo.run(&["audit", "verify", "--range", range]);
    range("HEAD~1..HEAD").exits(1);
    repo.git(&["rm", "-q", &path]);
    repo.git(&["commit", "-qm", "lose"]);
    range("HEAD~2..HEAD").exits(1);
    // A commit that mentions the record does not revert it.
    let id = path.rsplit('/').next().unwrap().trim_end_matches(".json");
    repo.git(&["commit", "-q", "--amend", "-m", &format!("This is about {id}\n\nCorrelation-Id: {id}")]);
    range("HEAD~2..HEAD").exits(1);
    // A subject line is not sufficient: the reverted commit must have added the record.
    repo.git(&["commit", "-q", "--amend", "-m", &format!("Revert the review {id}")]);
    range("HEAD~2..HEAD").exits(1);
    repo.git(&["reset", "-q", "--hard", "HEAD~2"]);
    range("HEAD~1..HEAD").exits(0);
    repo.git(&["revert", "--no-edit", "HEAD"]);
    range("HEAD~1..HEAD").exits(0);
    range("nowhere..HEAD").exits(2);
    range("HEAD").exits(2);
    range("HEAD~1...HEAD").exits(2);
}

#[test]
fn a_record_matches_its_schema() {
    let repo = repo();
    review(&repo, &[DOC, "--yes", "--note", "n"]).exits(0);
    let record: serde_json::Value = serde_json::from_str(&repo.read(&records(&repo)[0])).unwrap();
    crate::support::assert_valid("schemas/record.schema.json", &record);
    assert!(package().join("schemas/record.schema.json").exists());
    repo.run(&["schema", "show", "record"]).exits(0);
}

#[test]
fn reports_a_record_that_is_not_committed() {
    let repo = repo();
    repo.run(&["hook", "install"]).exits(0);
    review(&repo, &[DOC, "--yes"]).exits(0);
    repo.try_git(&["commit", "-qam", "review"], &[]).exits(0);
    repo.git(&["add", ".phx"]);
    let run = repo.try_git(&["commit", "-q", "--amend", "--no-edit"], &[]).exits(0);
    assert_eq!(run.stderr, "");
}
