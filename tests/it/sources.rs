//! Trees that documents are read from: worktree, index and revision, with the same rules for each.

use crate::support::{Repo, Run, clean_document, document};

/// Document with one error: it has no phase number.
fn wrong() -> String {
    document("", "# Title\n")
}

fn staged(repo: &Repo) -> Run {
    repo.run(&["validate", "--staged", "-q", "-o", "concise"])
}

#[test]
fn staged_validates_the_index_instead_of_the_worktree() {
    let repo = Repo::with_git();
    repo.write("docs/a.md", clean_document()).write("docs/b.md", clean_document()).commit("first");
    staged(&repo).exits(0);
    // Errors in the worktree are not reported; errors in the index are, independent of the worktree.
    repo.write("docs/a.md", wrong());
    staged(&repo).exits(0);
    repo.git(&["add", "docs/a.md"]);
    repo.write("docs/a.md", clean_document());
    staged(&repo).exits(1);
    repo.validate().exits(0);
    repo.run(&["validate", "--staged", "docs/b.md"]).exits(0);
    repo.run(&["validate", "--staged", "docs"]).exits(1);
}

#[test]
fn staged_supports_first_commits_renames_and_deletions() {
    let repo = Repo::with_git();
    repo.write("a.md", wrong()).git(&["add", "a.md"]);
    staged(&repo).exits(1);
    repo.commit("first");
    staged(&repo).exits(0);
    repo.git(&["mv", "a.md", "b.md"]);
    let run = staged(&repo).exits(1);
    assert!(run.stdout.starts_with("b.md:"), "{}", run.stdout);
    repo.git(&["rm", "--quiet", "--cached", "b.md"]);
    staged(&repo).exits(0);
    // A file that was added with `--intent-to-add` has no content to validate.
    repo.git(&["add", "--intent-to-add", "b.md"]);
    staged(&repo).exits(0);
}

#[test]
fn reads_the_configuration_from_the_same_tree() {
    let repo = Repo::with_git();
    repo.write("a.md", wrong()).commit("first");
    repo.write("a.md", wrong() + "more\n").git(&["add", "a.md"]);
    repo.write("phx.toml", "[rules]\nschema-violation = \"off\"\n");
    staged(&repo).exits(1);
    repo.git(&["add", "phx.toml"]);
    staged(&repo).exits(0);
    repo.write("phx.toml", "[rules]\nnonsense = 3\n");
    staged(&repo).exits(0);
    repo.validate().exits(2);
    repo.run(&["validate", "--rev", "HEAD", "-q", "-o", "concise"]).exits(1);
}

#[test]
fn validates_a_revision() {
    let repo = Repo::with_git();
    repo.write("docs/a.md", wrong()).commit("wrong");
    repo.write("docs/a.md", clean_document()).write("docs/b.md", wrong()).commit("right");
    let rev = |rev: &str| repo.run(&["validate", "--rev", rev, "-q", "-o", "concise"]);
    assert!(rev("HEAD~1").exits(1).stdout.starts_with("docs/a.md:"));
    assert!(rev("main").exits(1).stdout.starts_with("docs/b.md:"));
    repo.run(&["validate", "--rev", "HEAD", "docs/a.md"]).exits(0);
    rev("nowhere").exits(2);
    repo.run(&["validate", "--rev", "HEAD", "no.md"]).exits(2);
    repo.run(&["validate", "--rev", "HEAD", "--staged"]).exits(2);
    repo.git(&["rm", "-rq", "docs"]);
    repo.write("x", "").commit("empty");
    rev("HEAD").exits(3);
}

#[test]
fn validates_a_revision_of_a_bare_repository() {
    let repo = Repo::with_git();
    repo.write("docs/a.md", wrong()).commit("wrong");
    let bare = Repo::bare();
    bare.git(&["clone", "--quiet", "--bare", &format!("file://{}", repo.path().display()), "."]);
    let run = bare.run(&["validate", "--rev", "main", "-q", "-o", "concise"]).exits(1);
    assert!(run.stdout.starts_with("docs/a.md:"), "{}", run.stdout);
}

#[test]
fn since_validates_changes_since_the_merge_base() {
    let repo = Repo::with_git();
    repo.write("old.md", wrong()).write("a.md", clean_document()).commit("first");
    repo.git(&["branch", "topic"]);
    repo.write("on_main.md", wrong()).commit("main goes on");
    repo.git(&["checkout", "--quiet", "topic"]);
    repo.write("a.md", wrong()).commit("topic");
    repo.write("new.md", wrong());
    let run = repo.run(&["validate", "--since", "main", "-q", "-o", "concise"]).exits(1);
    let files: Vec<&str> = run.stdout.lines().map(|line| line.split(':').next().unwrap()).collect();
    assert_eq!(files, ["a.md", "new.md"]);
    repo.run(&["validate", "--since", "HEAD", "-q", "a.md"]).exits(0);
    repo.run(&["validate", "--since", "nowhere"]).exits(2);
}

#[test]
fn links_and_submodules_are_not_documents() {
    let repo = Repo::with_git();
    let other = Repo::with_git();
    other.write("a.md", wrong()).commit("first");
    repo.git(&["submodule", "--quiet", "add", &format!("file://{}", other.path().display()), "sub.md"]);
    let id = {
        repo.write("target", wrong());
        repo.git(&["hash-object", "-w", "target"])
    };
    let link = format!("120000,{},link.md", id.trim());
    repo.git(&["update-index", "--add", "--cacheinfo", &link]);
    staged(&repo).exits(0);
    repo.run(&["validate", "--staged", "link.md"]).exits(0);
}

#[test]
fn line_endings_and_filters_do_not_change_the_result() {
    let repo = Repo::with_git();
    repo.write(".gitattributes", "crlf.md eol=crlf\nupper.md filter=upper\n");
    repo.git(&["config", "core.autocrlf", "true"]);
    repo.git(&["config", "filter.upper.clean", "tr A-Z a-z"]);
    repo.git(&["config", "filter.upper.smudge", "tr a-z A-Z"]);
    let text = clean_document();
    repo.write("crlf.md", text.replace('\n', "\r\n"))
        .write("auto.md", text.replace('\n', "\r\n"))
        .write("plain.md", &text);
    repo.git(&["add", "-A"]);
    staged(&repo).exits(0);
    repo.write("crlf.md", wrong().replace('\n', "\r\n")).git(&["add", "crlf.md"]);
    assert!(staged(&repo).exits(1).stdout.starts_with("crlf.md:"));
    // The index contains the output of the clean filter.
    repo.git(&["rm", "--quiet", "--cached", "crlf.md"]);
    repo.write("upper.md", clean_document().replace("# Title", "# TITLE").replace("PHOENIX_RISING", "PHOENIX"))
        .git(&["add", "upper.md"]);
    staged(&repo).exits(1);
}

#[test]
fn reads_every_index_and_object_format() {
    let _transcript = crate::transcript::Transcript::of_this_test();
    let cases: [&[&[&str]]; 4] = [
        &[&["init", "--quiet"], &["update-index", "--index-version", "4"]],
        &[&["init", "--quiet"], &["update-index", "--split-index"]],
        &[&["init", "--quiet", "--object-format=sha256"]],
        &[&["init", "--quiet"], &["config", "index.sparse", "true"], &["sparse-checkout", "set", "--cone", "docs"]],
    ];
    for setup in cases {
        let repo = Repo::bare();
        for arguments in setup {
            repo.git(arguments);
        }
        repo.write("docs/größe a.md", wrong()).git(&["add", "-A"]);
        let run = staged(&repo).exits(1);
        assert!(run.stdout.starts_with("docs/größe a.md:"), "{setup:?}\n{}", run.stdout);
    }
}

#[test]
fn reads_documents_outside_the_sparse_checkout() {
    let repo = Repo::with_git();
    repo.write("docs/a.md", clean_document()).write("far/b.md", wrong()).commit("first");
    repo.git(&["sparse-checkout", "set", "--cone", "docs"]);
    assert!(!repo.path().join("far/b.md").exists());
    let run = repo.run(&["validate", "--rev", "HEAD", "-q", "-o", "concise"]).exits(1);
    assert!(run.stdout.starts_with("far/b.md:"), "{}", run.stdout);
}

#[test]
fn supports_linked_worktrees_and_git_index_file() {
    let repo = Repo::with_git();
    repo.write("a.md", clean_document()).commit("first");
    let linked = Repo::bare();
    let place = linked.path().join("linked");
    repo.git(&["worktree", "add", "--quiet", "-b", "side", &place.display().to_string()]);
    std::fs::write(place.join("a.md"), wrong()).unwrap();
    linked.git(&["-C", "linked", "add", "a.md"]);
    linked.run(&["-C", "linked", "validate", "--staged", "-q", "-o", "concise"]).exits(1);
    staged(&repo).exits(0);
    let other = repo.path().join("other.index");
    repo.git(&["-c", "core.untrackedCache=false", "read-tree", &format!("--index-output={}", other.display()), "side"]);
    let mut command = repo.command(&["validate", "--staged", "-q", "-o", "concise"]);
    command.env("GIT_INDEX_FILE", &other);
    repo.finish(&mut command).exits(0);
    repo.write("a.md", wrong());
    let update = std::process::Command::new("git")
        .args(["update-index", "a.md"])
        .env("GIT_INDEX_FILE", &other)
        .current_dir(repo.path())
        .status();
    assert!(update.unwrap().success());
    repo.finish(&mut command).exits(1);
    staged(&repo).exits(0);
}

#[test]
fn facts_of_other_documents_come_from_the_same_tree() {
    let repo = Repo::with_git();
    let features = |points: u8| {
        document(
            "  phase_number: 2\n",
            &format!(
                "# F\n\n## Sprint Summary\n\n### Priority 1: Now\n\n#### A\n**Status**: Planned | **Points**: {points} | **Owner**: y\n**Target**: z\n\n**Deliverables**:\n- a\n\n**Dependencies**: None\n\n## Risk Assessment\n\n## Dependencies Status\n"
            ),
        )
    };
    let plan = document("  phase_number: 2\n  kind: phase-plan\n", "# P\n\n## Phase Group Summary\n\n## Phase Progress\n<!-- AUTO-GENERATED -->\n<!-- END AUTO-GENERATED -->\n\n## Success Metrics\n\n## Risk Register\n")
        .replace("auto_sections: []", "auto_sections: [phase_progress]");
    repo.write("UPCOMING_FEATURES.md", features(3)).write("plan.md", plan);
    repo.run(&["regen", "-q"]).exits(0);
    repo.commit("first");
    repo.write("UPCOMING_FEATURES.md", features(5)).git(&["add", "-A"]);
    repo.write("UPCOMING_FEATURES.md", features(3));
    let text = repo.read("plan.md").replace("# P\n", "# Plan\n");
    repo.write("plan.md", text).git(&["add", "plan.md"]);
    staged(&repo).exits(1);
    repo.validate().exits(0);
}

#[test]
fn staged_and_since_require_git() {
    let repo = Repo::bare();
    repo.write("a.md", wrong());
    repo.run(&["validate", "--staged"]).exits(2);
    repo.run(&["validate", "--since", "main"]).exits(2);
}
