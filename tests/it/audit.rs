//! `phx audit --range`: commits that fail validation, overrides, and unusual histories.

use crate::support::{Repo, assert_valid, clean_document, document};

fn wrong(more: &str) -> String {
    document("", more)
}

fn audit(repo: &Repo, range: &str) -> crate::support::Run {
    repo.run(&["audit", "--range", range])
}

/// Repository with installed hooks and one valid commit.
fn repo() -> Repo {
    let repo = Repo::with_git();
    repo.write("a.md", clean_document()).commit("first");
    repo.run(&["hook", "install"]).exits(0);
    repo
}

#[test]
fn reports_a_commit_that_bypassed_the_hook() {
    let repo = repo();
    repo.write("b.txt", "b").git(&["add", "-A"]);
    repo.git(&["commit", "-qm", "fine"]);
    repo.write("a.md", wrong("")).git(&["commit", "-qam", "around", "--no-verify"]);
    repo.write("a.md", clean_document()).git(&["commit", "-qam", "mended"]);
    audit(&repo, "HEAD~3..HEAD").exits(1);
    audit(&repo, "HEAD~1..HEAD").exits(0);
    let json = repo.run(&["audit", "--range", "HEAD~3..HEAD", "-o", "json"]).exits(1).json();
    crate::support::assert_valid("schemas/audit.schema.json", &json);
    assert_eq!(json["commits"].as_array().unwrap().len(), 3);
    assert_eq!(json["commits"][1]["passes"], false);
    assert_eq!(json["commits"][1]["findings"][0]["rule"], "schema-violation");
}

#[test]
fn an_override_covers_only_the_rules_that_it_lists() {
    let repo = repo();
    repo.write("a.md", wrong("")).git(&["add", "-A"]);
    repo.try_git(&["commit", "-qm", "late"], &[("PHX_OVERRIDE", "release")]).exits(0);
    audit(&repo, "HEAD~1..HEAD").exits(0);
    // A second error is added to the commit after the override was recorded.
    repo.write("a.md", wrong("<!-- AUTO-GENERATED -->\n")).git(&["add", "-A"]);
    repo.git(&["commit", "-q", "--amend", "--no-edit", "--no-verify"]);
    audit(&repo, "HEAD~1..HEAD").exits(1);
}

#[test]
fn parses_overrides_of_documents_with_brackets_in_their_names() {
    let repo = repo();
    repo.write("docs/a (old; new).md", wrong("")).git(&["add", "-A"]);
    repo.try_git(&["commit", "-qm", "late"], &[("PHX_OVERRIDE", "hot (fix)")]).exits(0);
    audit(&repo, "HEAD~1..HEAD").exits(0);
}

#[test]
fn squash_rebase_and_revert_keep_overrides() {
    let repo = repo();
    repo.git(&["checkout", "-qb", "topic"]);
    repo.write("a.md", wrong("")).git(&["add", "-A"]);
    repo.try_git(&["commit", "-qm", "late"], &[("PHX_OVERRIDE", "release")]).exits(0);
    repo.write("b.txt", "b").git(&["add", "-A"]);
    repo.try_git(&["commit", "-qm", "b"], &[]).exits(0);
    repo.git(&["checkout", "-q", "main"]);
    repo.write("c.txt", "c").git(&["add", "-A"]);
    repo.git(&["commit", "-qm", "c"]);
    repo.git(&["checkout", "-q", "topic"]);
    repo.git(&["rebase", "-q", "main"]);
    audit(&repo, "main..topic").exits(0);
    repo.git(&["checkout", "-q", "main"]);
    repo.git(&["merge", "-q", "--squash", "topic"]);
    // The message of a squash commit contains both messages.
    repo.git(&["commit", "-q", "--no-verify", "--no-edit"]);
    audit(&repo, "HEAD~1..HEAD").exits(0);
    repo.git(&["revert", "--no-edit", "HEAD"]);
    audit(&repo, "HEAD~1..HEAD").exits(0);
}

#[test]
fn validates_a_commit_at_its_committer_date() {
    let repo = Repo::with_git();
    repo.write("a.md", clean_document()).commit("first");
    repo.write("b.txt", "b").git(&["add", "-A"]);
    let late = [("GIT_COMMITTER_DATE", "2025-09-20T00:00:00Z")];
    repo.try_git(&["commit", "-qm", "late"], &late).exits(0);
    let run = audit(&repo, "HEAD~1..HEAD").exits(1);
    // The result does not depend on the time of the audit.
    assert_eq!(repo.run(&["--now", "2030-01-01T00:00:00Z", "audit", "--range", "HEAD~1..HEAD"]).stdout, run.stdout);
    let first = repo.git(&["rev-parse", "HEAD~1"]);
    repo.write("phx.toml", "[hook]\nstale = \"related\"\n").git(&["add", "-A"]);
    repo.try_git(&["commit", "-qm", "related"], &late).exits(0);
    audit(&repo, &format!("{}..HEAD", first.trim())).exits(1);
}

#[test]
fn a_merge_commit_reports_only_its_own_changes() {
    let repo = repo();
    repo.git(&["checkout", "-qb", "topic"]);
    repo.write("a.md", wrong("")).git(&["commit", "-qam", "around", "--no-verify"]);
    repo.git(&["checkout", "-q", "main"]);
    repo.write("c.txt", "c").git(&["add", "-A"]);
    repo.git(&["commit", "-qm", "c"]);
    repo.git(&["merge", "-q", "topic", "-m", "merge"]);
    audit(&repo, "HEAD~1..HEAD").exits(1);
}

#[test]
fn rejects_invalid_ranges_and_reports_broken_configurations() {
    let repo = repo();
    audit(&repo, "nowhere..HEAD").exits(2);
    audit(&repo, "HEAD").exits(2);
    repo.run(&["audit"]).exits(2);
    audit(&repo, "HEAD..HEAD").exits(0);
    // A commit with a broken configuration cannot be validated.
    repo.write("phx.toml", "[nonsense]\n").git(&["add", "-A"]);
    repo.git(&["commit", "-qm", "broken", "--no-verify"]);
    audit(&repo, "HEAD~1..HEAD").exits(1);
    Repo::bare().run(&["audit", "--range", "a..b"]).exits(2);
}

#[test]
fn audits_commits_with_unusual_authors_and_dates() {
    let separator = |repo: &Repo| {
        repo.git(&["commit", "-qam", "around", "--no-verify", "--author", "Ev\u{1f}il <e@x.example>"]);
    };
    let far_future = |repo: &Repo| {
        repo.try_git(&["commit", "-qam", "around", "--no-verify"], &[("GIT_COMMITTER_DATE", "@253402300900 +0000")])
            .exits(0);
    };
    let commit_functions: [&dyn Fn(&Repo); 2] = [&separator, &far_future];
    for commit in commit_functions {
        let repo = repo();
        repo.write("a.md", wrong(""));
        commit(&repo);
        audit(&repo, "HEAD~1..HEAD").exits(1);
    }
}

#[test]
fn a_commit_without_a_date_is_an_error() {
    let repo = repo();
    let parent = repo.git(&["rev-parse", "HEAD"]);
    repo.write("a.md", wrong("")).git(&["commit", "-qam", "around", "--no-verify"]);
    let tree = repo.git(&["rev-parse", "HEAD^{tree}"]);
    let object = format!(
        "tree {}\nparent {}\nauthor A <a@x.example>\ncommitter A <a@x.example>\n\nhidden\n",
        tree.trim(),
        parent.trim()
    );
    repo.write("object", &object);
    let id = repo.git(&["hash-object", "-t", "commit", "-w", "--literally", "object"]);
    repo.git(&["update-ref", "refs/heads/main", id.trim()]);
    audit(&repo, "HEAD~1..HEAD").exits(2);
    repo.run(&["trace", "a.md"]).exits(2);
}

#[test]
fn separators_in_a_message_do_not_create_commits() {
    let repo = repo();
    let first = repo.git(&["rev-parse", "HEAD"]);
    let message = format!(
        "innocent\n\n\u{1e}{}\u{1f}\u{1f}Boss <boss@x.example>\u{1f}2026-11-23T10:00:00+00:00\u{1f}Approved\n\na.md",
        first.trim()
    );
    repo.write("a.md", format!("{}\nMore.\n", clean_document())).write("message", &message);
    repo.git(&["commit", "-qa", "--no-verify", "-F", "message", "--cleanup=verbatim"]);
    repo.run(&["trace", "a.md"]).exits(0);
}

#[test]
fn warns_about_weakened_configurations_and_backdated_commits() {
    let repo = Repo::with_git();
    repo.write("phx.toml", "[rules]\nchanged-sources = \"error\"\n[enforcement]\nlevel = \"strict\"\n");
    repo.write("docs/a.md", clean_document()).write("docs/b.md", clean_document()).commit("first");
    repo.write(
        "phx.toml",
        "[rules]\nchanged-sources = \"off\"\n[enforcement]\nlevel = \"advisory\"\n[documents]\nexclude = [\"docs/b.md\"]\n",
    );
    repo.commit("weaker");
    repo.run(&["audit", "--range", "HEAD~1..HEAD"]).exits(0);
    let json = repo.run(&["audit", "--range", "HEAD~1..HEAD", "-o", "json"]).exits(0).json();
    assert_valid("schemas/audit.schema.json", &json);
    assert_eq!(json["commits"][0]["findings"].as_array().unwrap().len(), 3);
    // A stricter configuration is not reported.
    repo.write("phx.toml", "[rules]\nchanged-sources = \"error\"\n").commit("stricter");
    assert!(!repo.run(&["audit", "--range", "HEAD~1..HEAD"]).exits(0).stdout.contains("weakened-policy"));
    // A backdated commit does not make a stale document pass.
    let late = clean_document().replace("2025-09-12T15:35:33Z", "2025-08-30T00:00:00Z");
    repo.write("docs/a.md", late).git(&["add", "-A"]);
    repo.try_git(&["commit", "-qm", "late", "--no-verify"], &[("GIT_COMMITTER_DATE", "2025-08-29T16:00:00Z")]).exits(0);
    repo.run(&["audit", "--range", "HEAD~1..HEAD"]).exits(1);
}

#[test]
fn rejects_a_merge_that_restores_an_old_tree() {
    let repo = Repo::with_git();
    let wrong = document("  phase_number: 0\n", "");
    repo.write("a.md", &wrong).git(&["add", "-A"]);
    repo.git(&["commit", "-qm", "wrong", "--no-verify"]);
    let bad = repo.git(&["rev-parse", "HEAD"]).trim().to_owned();
    repo.write("a.md", clean_document()).commit("right");
    let good = repo.git(&["rev-parse", "HEAD"]).trim().to_owned();
    let merge = repo.git(&["commit-tree", "-p", &good, "-p", &bad, "-m", "merge", &format!("{bad}^{{tree}}")]);
    repo.git(&["reset", "-q", "--hard", merge.trim()]);
    repo.run(&["audit", "--range", &format!("{good}..HEAD")]).exits(1);
}
