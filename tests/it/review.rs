//! `phx review`, the ledger, `phx trace`, `phx audit verify`, and the rules that look at them.

use crate::support::{Repo, Run, document, package};

/// A document with two MANUAL sections that describes the files of `src/ws`.
fn living(sources: &str) -> String {
    let body = "# Berths\n\n## Planning\n<!-- MANUAL - REQUIRES REVIEW -->\n\nTwo berths.\n\n## Risks\n<!-- MANUAL:risks -->\n\nLow.\n";
    document(&format!("  phase_number: 2\n{sources}"), body)
        .replace("manual_sections: []", "manual_sections: [planning, risks]")
}

const DOC: &str = "docs/BERTHS.md";

fn repo() -> Repo {
    let repo = Repo::with_git();
    repo.write(DOC, living("  sources: [\"src/ws/**\"]\n"))
        .write("src/ws/a.rs", "a\n")
        .write("src/b.rs", "b\n")
        .commit("first");
    repo
}

fn review(repo: &Repo, arguments: &[&str]) -> Run {
    repo.run(&[&["review"][..], arguments].concat())
}

fn at<'a>(time: &'a str, arguments: &[&'a str]) -> Vec<&'a str> {
    [&["--now", time][..], arguments].concat()
}

fn findings(repo: &Repo, now: &str) -> String {
    repo.run(&at(now, &["validate", "-q", "-o", "concise"])).stdout
}

fn id(repo: &Repo) -> String {
    let text = repo.read(DOC);
    text.lines().find_map(|line| line.trim().strip_prefix("correlation_id: ")).unwrap().to_owned()
}

fn records(repo: &Repo) -> Vec<String> {
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
fn a_review_moves_the_stamp_and_the_dates_and_writes_a_record() {
    let repo = repo();
    let before = repo.read(DOC);
    let index = repo.git(&["ls-files", "--stage"]);
    let run = review(&repo, &[DOC, "--yes", "--note", "read with Ada"]).exits(0);
    assert!(
        run.stdout.contains("planning (line 17): nobody has reviewed it on record\n     Two berths.\n"),
        "{}",
        run.stdout
    );
    assert!(run.stdout.contains("sources: no review knows them yet"), "{}", run.stdout);
    let id = id(&repo);
    // The window that the document had is kept: fourteen days.
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
    repo.validate().exits(0).prints("");
    repo.run(&["audit", "verify"]).exits(0).prints("").says("1 record, 0 wrong");
}

#[test]
fn a_review_of_one_section_leaves_the_others_as_they_were_reviewed() {
    let repo = repo();
    review(&repo, &[DOC, "--yes"]).exits(0);
    repo.commit("review");
    repo.write(DOC, repo.read(DOC).replace("Two berths.", "Three berths.").replace("Low.", "High."));
    let found = findings(&repo, "2025-09-02T00:00:00Z");
    assert_eq!(found.matches("unreviewed-manual-change").count(), 2, "{found}");
    let run = repo.run(&at("2025-09-02T00:00:00Z", &["review", &format!("{DOC}#planning"), "--yes"])).exits(0);
    assert!(
        run.stdout.contains("planning (line 17): changed\n    -Two berths.\n    +Three berths.\n"),
        "{}",
        run.stdout
    );
    assert!(!run.stdout.contains("risks"), "{}", run.stdout);
    let found = findings(&repo, "2025-09-02T00:00:00Z");
    assert_eq!(found.lines().count(), 1, "{found}");
    assert!(found.contains("[unreviewed-manual-change] the MANUAL section `risks`"), "{found}");
    assert!(repo.read(DOC).contains("MANUAL:risks reviewed:2025-09-01"));
    // White space at the ends of lines and generated text are no change.
    repo.write(DOC, repo.read(DOC).replace("High.", "Low.  ").replace("Three berths.\n", "Three berths. \n\n"));
    assert_eq!(findings(&repo, "2025-09-02T00:00:00Z"), "");
    review(&repo, &[&format!("{DOC}#plannin"), "--yes"]).exits(2).says("did you mean `planning`");
}

#[test]
fn a_review_shows_the_sources_that_changed_and_knows_them_afterwards() {
    let repo = repo();
    review(&repo, &[DOC, "--yes"]).exits(0);
    repo.commit("review");
    assert_eq!(findings(&repo, "2025-09-01T00:00:00Z"), "");
    repo.write("src/b.rs", "other\n");
    assert_eq!(findings(&repo, "2025-09-01T00:00:00Z"), "");
    repo.write("src/ws/a.rs", "changed\n");
    let expected = format!(
        "{DOC}:11:3: warning[changed-sources] the files that this document describes have changed since its last review\n"
    );
    assert_eq!(findings(&repo, "2025-09-01T00:00:00Z"), expected);
    repo.commit("code");
    assert_eq!(findings(&repo, "2025-09-01T00:00:00Z"), expected);
    for source in [&["--rev", "HEAD"][..], &["--rev", "HEAD~1"]] {
        let run = repo.run(&[&["validate", "-q", "-o", "concise"][..], source].concat());
        assert_eq!(run.stdout == expected, source[1] == "HEAD", "{}", run.stdout);
    }
    let run = review(&repo, &[DOC, "--yes"]).exits(0);
    assert!(run.stdout.contains("sources that changed:\n    src/ws/a.rs\n"), "{}", run.stdout);
    assert_eq!(findings(&repo, "2025-09-01T00:00:00Z"), "");
    let run = review(&repo, &[DOC, "--yes"]).exits(0);
    assert!(
        run.stdout.contains("sources: unchanged") && run.stdout.contains("planning (line 17): unchanged"),
        "{}",
        run.stdout
    );
    // A commit of the sources says so of the document beside them.
    repo.commit("reviewed").run(&["hook", "install"]).exits(0);
    repo.write("src/ws/a.rs", "again\n").git(&["add", "-A"]);
    let run = repo.run(&["hook", "run", "pre-commit", "-v"]).exits(0);
    assert!(run.stdout.contains("changed-sources"), "{}", run.stdout);
}

#[test]
fn only_a_review_may_move_a_stamp_over_changed_sources() {
    let repo = repo();
    let stamped = |day: &str| repo.read(DOC).replacen("last_updated: 2025-08-29", &format!("last_updated: {day}"), 1);
    // The sources are as they were: a new date says that somebody looked.
    repo.write(DOC, stamped("2025-08-30"));
    assert_eq!(findings(&repo, "2025-09-01T00:00:00Z"), "");
    repo.git(&["checkout", "-q", DOC]);
    repo.write("src/ws/a.rs", "changed\n").commit("code");
    repo.write(DOC, stamped("2025-08-31"));
    let found = findings(&repo, "2025-09-01T00:00:00Z");
    assert!(found.contains("[rubber-stamp] only the stamp moved"), "{found}");
    repo.git(&["add", "-A"]);
    repo.run(&["validate", "--staged", "-q", "-o", "concise"]).exits(0).finds("[rubber-stamp]");
    // With a word about what changed it is an update.
    repo.write(DOC, repo.read(DOC).replace("Two berths.", "Three berths."));
    assert_eq!(findings(&repo, "2025-09-01T00:00:00Z"), "");
    repo.git(&["checkout", "-q", "HEAD", "--", DOC]);
    review(&repo, &[DOC, "--yes"]).exits(0);
    assert_eq!(findings(&repo, "2025-09-01T00:00:00Z"), "");
}

#[test]
fn an_id_without_a_record_is_told_once_there_is_a_ledger() {
    let repo = repo();
    repo.write("other.md", living("")).commit("other");
    assert_eq!(findings(&repo, "2025-09-01T00:00:00Z"), "");
    review(&repo, &[DOC, "--yes"]).exits(0);
    let found = findings(&repo, "2025-09-01T00:00:00Z");
    assert_eq!(
        found,
        "other.md:3:19: warning[unrecorded-correlation-id] the ledger has no record of this correlation id\n"
    );
    // The record belongs to the commit: without it the index has none.
    repo.git(&["add", DOC]);
    assert_eq!(repo.run(&["validate", "--staged", "-q", "-o", "concise"]).stdout, "");
    repo.git(&["add", ".phx"]);
    repo.run(&["validate", "--staged", "-q", "-o", "concise"]).exits(0).prints("");
}

#[test]
fn a_staged_review_works_on_the_index() {
    let repo = repo();
    repo.write(DOC, repo.read(DOC).replace("Two berths.", "Three berths.")).git(&["add", DOC]);
    repo.write(DOC, repo.read(DOC).replace("Low.", "High, unfinished."));
    review(&repo, &[DOC, "--staged", "--yes"]).exits(0);
    let staged = repo.git(&["show", &format!(":{DOC}")]);
    assert!(
        staged.contains("Three berths.") && staged.contains("Low.") && staged.contains("2025-09-15T00:00:00Z"),
        "{staged}"
    );
    assert_eq!(repo.read(DOC), staged.replace("Low.", "High, unfinished."));
    let record = &records(&repo)[0];
    assert_eq!(repo.git(&["show", &format!(":{record}")]), repo.read(record));
    assert_eq!(repo.git(&["status", "--porcelain"]), format!("A  {record}\nMM {DOC}\n"));
    repo.run(&["validate", "--staged", "-q", "-o", "concise"]).exits(0).prints("");
    // Where the worktree has another stamp, nothing is written at all.
    repo.write(DOC, repo.read(DOC).replace("2025-09-15", "2025-09-14"));
    let before = repo.state();
    review(&repo, &[DOC, "--staged", "--yes"]).exits(2).says("the worktree has another stamp");
    assert_eq!(repo.state(), before);
}

#[test]
fn without_a_yes_nothing_is_written() {
    let repo = repo();
    let before = repo.state();
    review(&repo, &[DOC]).exits(2).says("`--yes` vouches without asking");
    review(&repo, &["src/b.rs", "--yes"]).exits(2).says("is no governed document");
    review(&repo, &["no.md", "--yes"]).exits(2);
    assert_eq!(repo.state(), before);
    let text = repo.read(DOC);
    repo.write(DOC, text.replace("last_updated: ", "updated: "));
    review(&repo, &[DOC, "--yes"]).exits(2).says("`last_updated`");
    repo.write(DOC, text.replace("## Planning", "<!-- AUTO-GENERATED -->\n## Planning"));
    review(&repo, &[DOC, "--yes"]).exits(2).says("cannot be stamped");
    assert!(records(&repo).is_empty());
}

#[test]
fn values_in_quotes_and_crlf_stay_as_they_are_written() {
    let repo = Repo::with_git();
    let text = living("")
        .replace("4018e185-d0ad-4382-91cf-3224b61fcdfd", "\"4018e185-d0ad-4382-91cf-3224b61fcdfd\" # ours")
        .replace("2025-09-12T15:35:33Z", "'2025-09-12T15:35:33Z'")
        .replace('\n', "\r\n");
    repo.write(DOC, &text).commit("first");
    review(&repo, &[DOC, "--yes"]).exits(0);
    let after = repo.read(DOC);
    assert!(
        after.contains("\" # ours\r\n") && after.contains("update_required_by: '2025-09-15T00:00:00Z'\r\n"),
        "{after}"
    );
    assert_eq!(after.matches("\r\n").count(), text.matches("\r\n").count());
    repo.validate().exits(0);
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
    repo.validate().exits(0).prints("");
    repo.run(&["audit", "verify"]).exits(0).says("2 records, 0 wrong");
}

#[test]
fn two_branches_that_review_the_same_document_conflict_in_the_stamp_alone() {
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
    let run = repo.run(&["validate", "--now", "2025-09-01T08:00:00Z"]).exits(1);
    assert!(run.stdout.contains("error[unresolved-conflict]: git left a conflict here"), "{}", run.stdout);
    assert!(run.stdout.contains(&format!("then `phx review {DOC}`: it stamps what both made of it")), "{}", run.stdout);
    assert!(run.stdout.contains("1 error in 1 document"), "{}", run.stdout);
    repo.git(&["checkout", "--ours", "--", DOC]);
    repo.run(&at("2025-09-01T09:00:00Z", &["review", DOC, "--yes"])).exits(0);
    repo.commit("merge");
    assert_eq!(findings(&repo, "2025-09-01T09:00:00Z"), "");
}

#[test]
fn a_moved_document_takes_its_review_along() {
    let repo = repo();
    review(&repo, &[DOC, "--yes"]).exits(0);
    repo.commit("review");
    repo.git(&["mv", DOC, "docs/PIERS.md"]);
    assert_eq!(findings(&repo, "2025-09-01T00:00:00Z"), "");
    repo.write("docs/PIERS.md", repo.read("docs/PIERS.md").replace("Low.", "High."));
    assert!(findings(&repo, "2025-09-01T00:00:00Z").contains("unreviewed-manual-change"));
}

#[test]
fn the_story_of_a_moved_document_begins_under_its_first_name() {
    let repo = repo();
    repo.run(&["hook", "install"]).exits(0);
    review(&repo, &[DOC, "--yes"]).exits(0);
    repo.git(&["add", "-A"]);
    repo.git(&["commit", "-qm", "Review"]);
    repo.git(&["mv", DOC, "docs/größe (2).md"]);
    repo.git(&["commit", "-qm", "Move"]);
    let story = repo.run(&["trace", "docs/größe (2).md"]).exits(0).stdout;
    assert!(story.contains(": first (brought the id in)\n"), "{story}");
    assert!(story.contains(": Review\n") && story.contains(": Move (unattributed)\n"), "{story}");
}

#[test]
fn a_review_of_two_documents_is_written_whole_or_not_at_all() {
    let repo = repo();
    repo.write("other.md", living("")).commit("other");
    let file = repo.path().join("other.md");
    let mut permissions = std::fs::metadata(&file).unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&file, permissions).unwrap();
    let before = repo.state();
    review(&repo, &[DOC, "other.md", "--yes"]).exits(4).says("`other.md` is read-only");
    assert_eq!(repo.state(), before);
}

#[test]
fn no_deadline_is_beyond_what_a_time_can_say() {
    let repo = repo();
    repo.write(DOC, repo.read(DOC).replace("2025-09-12T15:35:33Z", "9999-12-31T23:59:59Z"));
    review(&repo, &[DOC, "--yes"]).exits(0);
    assert!(repo.read(DOC).contains("update_required_by: 9999-12-31T23:59:59Z"), "{}", repo.read(DOC));
}

#[test]
fn trace_tells_the_story_of_a_document_and_of_an_id() {
    let repo = repo();
    repo.run(&["hook", "install"]).exits(0);
    review(&repo, &[DOC, "--yes", "--note", "all of it"]).exits(0);
    repo.git(&["add", "-A"]);
    repo.git(&["commit", "-qm", "Review the berths"]);
    repo.write(DOC, repo.read(DOC).replace("# Berths", "# All berths")).git(&["commit", "-qam", "Rename it"]);
    let id = id(&repo);
    let story = repo.run(&["trace", DOC]).exits(0).stdout;
    let hash = |rev: &str| repo.git(&["rev-parse", "--short=10", rev]).trim().to_owned();
    let expected = format!(
        "4018e185-d0ad-4382-91cf-3224b61fcdfd\n  no record in the ledger\n  {} 2025-08-30 10:00 Ines <ines@harbor.example>: first (brought the id in)\n\n\
         {id}\n  review by Ines <ines@harbor.example> at 2025-09-01T00:00:00Z\n    all of it\n    {DOC}\n  \
         {} 2025-08-30 10:00 Ines <ines@harbor.example>: Review the berths\n  \
         {} 2025-08-30 10:00 Ines <ines@harbor.example>: Rename it (unattributed)\n",
        hash("HEAD~2"),
        hash("HEAD~1"),
        hash("HEAD")
    );
    assert_eq!(story, expected);
    let one = repo.run(&["trace", &id]).exits(0).stdout;
    assert!(one.contains("Review the berths\n") && !one.contains("Rename it"), "{one}");
    let json = repo.run(&["trace", &id, "-o", "json"]).exits(0).json();
    crate::support::assert_valid("schemas/trace.schema.json", &json);
    assert_eq!(json["ids"][0]["commits"][0]["known_by"], "trailer");
    repo.run(&["trace", "11111111-2222-4333-8444-555555555555"]).exits(2).says("nothing is known of");
    repo.run(&["trace", "nothing.md"]).exits(2).says("is no correlation id and no governed document");
    // A squashed commit has the trailer in its middle; a shallow clone says how far it reaches.
    repo.git(&["reset", "-q", "--soft", "HEAD~2"]);
    repo.git(&["commit", "-qm", &format!("Squash\n\n* Review\n\nCorrelation-Id: {id}\n\n* Rename it"), "--no-verify"]);
    assert!(repo.run(&["trace", &id]).exits(0).stdout.contains(": Squash\n"));
    let clone = Repo::bare();
    clone.git(&["clone", "-q", "--depth=1", &format!("file://{}", repo.path().display()), "shallow"]);
    let run =
        clone.run(&["-C", "shallow", "trace", DOC]).exits(0).says("this is a shallow clone: history reaches back to");
    assert!(run.stdout.contains(&id) && run.stdout.contains("all of it"), "{}", run.stdout);
}

#[test]
fn verify_claims_what_it_can_and_finds_what_is_wrong() {
    let repo = repo();
    repo.run(&["audit", "verify"]).exits(0).says("0 records");
    review(&repo, &[DOC, "--yes"]).exits(0);
    repo.commit("review");
    let path = records(&repo)[0].clone();
    let good = repo.read(&path);
    let wrong = |old: &str, new: &str, expected: &str| {
        assert!(good.contains(old), "{good}");
        repo.write(&path, good.replacen(old, new, 1));
        repo.run(&["audit", "verify"]).exits(1).finds(expected);
    };
    wrong("\"operation\": \"review\"", "\"operation\": \"rewiew\"", "phx knows no operation `rewiew`");
    wrong("Ines <ines@harbor.example>", " ", "it names no actor");
    wrong("{", "[", "it is no record");
    wrong("2025-09-01T00:00:00Z", "2025-09-02T00:00:00Z", "its `at` is not the time in its id");
    wrong("\"text\": \"", "\"text\": \"x", "a hash of `docs/BERTHS.md` is none");
    repo.write(&path, &good);
    let other = path.replace("2025-09/", "2025-08/");
    repo.write(&other, &good);
    repo.run(&["audit", "verify"]).exits(1).finds("which stands at");
    std::fs::remove_file(repo.path().join(&other)).unwrap();
    // Records are never changed or lost, unless a revert says so.
    repo.write(&path, good.replace("Ines <", "Ada <")).commit("forge");
    let range = |range: &str| repo.run(&["audit", "verify", "--range", range]);
    range("HEAD~1..HEAD").exits(1).finds("it is not what it was, and no revert in HEAD~1..HEAD names it");
    repo.git(&["rm", "-q", &path]);
    repo.git(&["commit", "-qm", "lose"]);
    range("HEAD~2..HEAD").exits(1).finds("it is gone");
    // Naming the record is no revert of it.
    let id = path.rsplit('/').next().unwrap().trim_end_matches(".json");
    repo.git(&["commit", "-q", "--amend", "-m", &format!("This is about {id}\n\nCorrelation-Id: {id}")]);
    range("HEAD~2..HEAD").exits(1).finds("it is gone");
    repo.git(&["commit", "-q", "--amend", "-m", &format!("Revert the review {id}")]);
    range("HEAD~2..HEAD").exits(0);
    repo.git(&["reset", "-q", "--hard", "HEAD~2"]);
    range("HEAD~1..HEAD").exits(0);
    repo.git(&["revert", "--no-edit", "HEAD"]);
    range("HEAD~1..HEAD").exits(0);
    range("nowhere..HEAD").exits(2).says("nowhere");
    range("HEAD").exits(2).says("a range is `A..B`");
    range("HEAD~1...HEAD").exits(2).says("a range is `A..B`");
}

#[test]
fn the_record_says_what_its_schema_says() {
    let repo = repo();
    review(&repo, &[DOC, "--yes", "--note", "n"]).exits(0);
    let record: serde_json::Value = serde_json::from_str(&repo.read(&records(&repo)[0])).unwrap();
    crate::support::assert_valid("schemas/record.schema.json", &record);
    assert!(package().join("schemas/record.schema.json").exists());
    repo.run(&["schema", "show", "record"]).exits(0).finds("correlation id");
}

#[test]
fn a_record_that_is_left_behind_is_told() {
    let repo = repo();
    repo.run(&["hook", "install"]).exits(0);
    let run = review(&repo, &[DOC, "--yes"]).exits(0);
    let record = records(&repo)[0].clone();
    assert!(
        run.stderr.contains(&format!("the record belongs to the commit: `git add {record} {DOC}`")),
        "{}",
        run.stderr
    );
    let left = repo.try_git(&["commit", "-qam", "review"], &[]).exits(0);
    assert!(
        left.stderr.contains(&format!("the record of a review is not staged: `git add {record}`")),
        "{}",
        left.stderr
    );
    repo.git(&["add", ".phx"]);
    let run = repo.try_git(&["commit", "-q", "--amend", "--no-edit"], &[]).exits(0);
    assert_eq!(run.stderr, "");
}

#[test]
fn a_review_says_which_section_and_what_it_does_not_vouch_for() {
    let repo = repo();
    repo.write(
        DOC,
        repo.read(DOC)
            + "\n## Numbers\n<!-- AUTO-GENERATED -->\nby hand\n<!-- END AUTO-GENERATED sum:0123456789abcdef -->\n",
    );
    let run = review(&repo, &[DOC, "--yes"]).exits(0);
    assert!(
        run.stdout.contains("the AUTO block numbers was edited by hand; no review vouches for it"),
        "{}",
        run.stdout
    );
    repo.run(&at("2025-09-02T00:00:00Z", &["review", &format!("{DOC}#risks"), "--yes"])).exits(0);
    let story = repo.run(&["trace", DOC]).exits(0).stdout;
    assert!(story.contains(&format!("    {DOC}: risks\n")), "{story}");
}

#[test]
fn a_commit_tells_the_warnings_that_it_brings_in_and_no_others() {
    let repo = repo();
    repo.run(&["hook", "install"]).exits(0);
    repo.write(DOC, repo.read(DOC).replace("[planning, risks]", "[planning]")).git(&["add", "-A"]);
    let run = repo.try_git(&["commit", "-qm", "undeclared"], &[]).exits(0);
    assert_eq!(run.stderr.matches("phx: new with this commit: ").count(), 1, "{}", run.stderr);
    assert!(
        run.stderr
            .contains("docs/BERTHS.md:22: the MANUAL section `risks` is not declared [undeclared-manual-section]"),
        "{}",
        run.stderr
    );
    repo.write(DOC, repo.read(DOC).replace("Two berths", "Three berths")).git(&["add", "-A"]);
    let run = repo.try_git(&["commit", "-qm", "other"], &[]).exits(0);
    assert_eq!(run.stderr, "");
}
