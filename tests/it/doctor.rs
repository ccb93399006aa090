//! `phx doctor repo`: each check on healthy and broken repositories, and every output format.

use crate::support::{Repo, Run, assert_valid, clean_document, document};

fn doctor(repo: &Repo, arguments: &[&str]) -> Run {
    repo.run(&[&["doctor"][..], arguments].concat())
}

/// Returns the record of one check.
#[track_caller]
fn record(repo: &Repo, id: &str) -> serde_json::Value {
    let json = doctor(repo, &[id, "-o", "json"]).json();
    assert_valid("schemas/doctor.schema.json", &json);
    assert_eq!(json["checks"].as_array().unwrap().len(), 1);
    json["checks"][0].clone()
}

#[track_caller]
fn assert_outcome(repo: &Repo, id: &str, outcome: &str, code: i32) -> serde_json::Value {
    let found = record(repo, id);
    assert_eq!(found["outcome"], outcome, "{found:#}");
    doctor(repo, &[id]).exits(code);
    found
}

/// Repository that passes every check.
fn healthy() -> Repo {
    let repo = Repo::with_git();
    repo.write("a.md", clean_document());
    repo.run(&["review", "a.md", "--yes"]).exits(0);
    repo.commit("first");
    repo.run(&["hook", "install"]).exits(0);
    repo
}

#[test]
fn a_healthy_repository_passes_every_check() {
    let run = doctor(&healthy(), &["repo"]).exits(0);
    assert_eq!(run.stdout.lines().filter(|line| line.starts_with("[✓] repo.")).count(), 7, "{}", run.stdout);
    assert!(run.stdout.ends_with("\n7 passed\n") && run.stderr.is_empty(), "{}", run.stdout);
}

#[test]
fn reports_missing_changed_and_bypassed_hooks() {
    let repo = healthy();
    assert_outcome(&repo, "repo.hooks", "pass", 0);
    repo.git(&["config", "core.hooksPath", ".githooks"]);
    let found = assert_outcome(&repo, "repo.hooks", "warn", 0);
    assert_eq!(found["observed"]["pre-commit"], "missing");
    doctor(&repo, &["repo.hooks", "--strict"]).exits(1);
    repo.git(&["config", "--unset", "core.hooksPath"]);
    repo.write(".git/hooks/pre-commit", repo.read(".git/hooks/pre-commit") + "true\n");
    let found = assert_outcome(&repo, "repo.hooks", "fail", 1);
    assert_eq!(found["detail"], "pre-commit is changed");
    // `phx hook install` would reject a changed hook, so the help removes it first.
    let commands = found["remediation"]["commands"].as_array().unwrap();
    let file = repo.path().join(".git/hooks/pre-commit");
    assert_eq!(
        (commands[0].as_str(), commands[1].as_str()),
        (Some(&*format!("rm {}", file.display())), Some("phx hook install"))
    );
    std::fs::remove_file(file).unwrap();
    repo.run(&["hook", "install"]).exits(0);
    assert_outcome(&repo, "repo.hooks", "pass", 0);
}

#[test]
fn a_broken_configuration_makes_other_checks_inconclusive() {
    let repo = healthy();
    repo.write("phx.toml", "[rules]\nnonsense = \"off\"\n");
    let found = assert_outcome(&repo, "repo.config", "fail", 1);
    assert!(found["detail"].as_str().unwrap().starts_with("phx.toml:2: unknown rule `nonsense`"), "{found}");
    assert_outcome(&repo, "repo.documents", "error", 3);
    assert_outcome(&repo, "repo.schemas", "error", 3);
}

#[test]
fn reports_schemas_and_templates_that_do_not_compile() {
    let repo = healthy();
    repo.write(".phx/schemas/v1.0/harbour.schema.json", "{ \"type\": 7 }");
    let found = assert_outcome(&repo, "repo.schemas", "fail", 1);
    assert_eq!(found["observed"]["broken"], 1);
    std::fs::remove_dir_all(repo.path().join(".phx/schemas")).unwrap();
    assert_outcome(&repo, "repo.schemas", "pass", 0);
    assert_outcome(&repo, "repo.templates", "pass", 0);
    repo.write(".phx/templates/sections/numbers.md", "one\n{% if %}\n");
    let found = assert_outcome(&repo, "repo.templates", "fail", 1);
    assert!(found["detail"].as_str().unwrap().starts_with(".phx/templates/sections/numbers.md:2: "), "{found}");
}

#[test]
fn a_forged_record_fails_and_a_missing_ledger_is_skipped() {
    let repo = Repo::with_git();
    repo.write("a.md", clean_document());
    assert_outcome(&repo, "repo.ledger", "skip", 3);
    repo.run(&["review", "a.md", "--yes"]).exits(0);
    assert_outcome(&repo, "repo.ledger", "pass", 0);
    repo.write(".phx/ledger/2025-09/x.json", "{}");
    let found = assert_outcome(&repo, "repo.ledger", "fail", 1);
    assert!(
        found["detail"].as_str().unwrap().starts_with(".phx/ledger/2025-09/x.json: not a valid ledger record"),
        "{found}"
    );
}

#[test]
fn reports_stale_documents() {
    let repo = healthy();
    assert_outcome(&repo, "repo.documents", "pass", 0);
    repo.write("b.md", document("  phase_number: 1\n", "").replace("2025-09-12", "2025-08-31"));
    let found = assert_outcome(&repo, "repo.documents", "fail", 1);
    assert_eq!((&found["observed"]["documents"], &found["observed"]["overdue"]), (&2.into(), &1.into()));
    assert_eq!(found["evidence"][0]["detail"], "b.md: 8 hours past its deadline");
    assert_outcome(&Repo::with_git(), "repo.documents", "skip", 3);
}

#[test]
fn the_git_check_is_skipped_without_a_repository_and_fails_without_git() {
    assert_outcome(&Repo::bare(), "repo.git", "skip", 3);
    let repo = healthy();
    let found = assert_outcome(&repo, "repo.git", "pass", 0);
    assert!(found["observed"]["version"].as_str().unwrap().starts_with("2."), "{found}");
    let mut without = repo.command(&["doctor", "repo.git"]);
    let empty = Repo::bare();
    repo.finish(without.env("PATH", empty.path())).exits(1);
}

#[test]
fn every_format_reports_the_same_outcomes() {
    let repo = healthy();
    repo.write("b<&>|.md", document("  phase_number: 1\n", "").replace("2025-09-12", "2025-08-31"));
    repo.write("phx.toml", "");
    let ids = ["repo.documents", "repo.git", "repo.ledger"];
    let out = |format: &str| {
        doctor(&repo, &[&ids[..], &["-o", format]].concat()).exits(if format == "nagios" { 2 } else { 1 }).stdout
    };
    let ndjson = out("ndjson");
    let outcomes: Vec<String> = ndjson
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["outcome"].to_string())
        .collect();
    assert_eq!(outcomes, ["\"pass\"", "\"pass\"", "\"fail\""]);
    let tap = out("tap");
    assert!(tap.starts_with("TAP version 14\n1..3\nok 1 - repo.git repository\n"), "{tap}");
    repo.note(&tap);
    let junit = out("junit");
    let xml = roxmltree::Document::parse(&junit).unwrap();
    let suite = xml.descendants().find(|node| node.has_tag_name("testsuite")).unwrap();
    assert_eq!((suite.attribute("tests"), suite.attribute("failures")), (Some("3"), Some("1")));
    assert_eq!(xml.descendants().filter(|node| node.has_tag_name("failure")).count(), 1);
    let prometheus = out("prometheus");
    repo.note(&prometheus);
    assert!(out("nagios").starts_with("PHX CRITICAL - 2 passed, 1 failed: repo.documents | pass=2 "));
    let health: serde_json::Value = serde_json::from_str(&out("health+json")).unwrap();
    assert_eq!(health["status"], "fail");
    let markdown = out("markdown");
    repo.note(&markdown);
    // The exit code does not depend on the formats, and files can be written in addition to standard output.
    doctor(&repo, &["repo.git", "-o", "text", "-o", "json=out.json"]).exits(0);
    repo.note(&repo.read("out.json"));
}

#[test]
fn lists_explains_and_selects_checks_by_name() {
    let repo = Repo::bare();
    let list = doctor(&repo, &["--list-checks"]).exits(0).stdout;
    assert_eq!(list.lines().filter(|line| line.starts_with("repo.")).count(), 7, "{list}");
    doctor(&repo, &["--explain", "repo.hooks"]).exits(0);
    doctor(&repo, &["--explain", "repo.hook"]).exits(2);
    doctor(&repo, &["nothing.*"]).exits(2);
    doctor(&repo, &["-o", "yaml"]).exits(2);
}
