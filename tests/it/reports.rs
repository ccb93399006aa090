//! Output formats: each conforms to its specification, and one run writes several of them.

use serde_json::Value;

use crate::support::{NOW, Repo, assert_valid, clean_document, document};

/// Repository with an error, a warning with a fix, a clean document and an ungoverned file.
fn repo() -> Repo {
    let repo = Repo::new();
    let block =
        "# T\n\n## 100%, \"A|B\" <x>\n<!-- AUTO-GENERATED -->\nx\n<!-- END AUTO-GENERATED sum:73cb3858a687a849 -->\n";
    repo.write("docs/a b.md", document("  phase_number: 0\n", block));
    repo.write("clean.md", clean_document()).write("free.md", "# Free\n");
    repo
}

fn report(format: &str) -> String {
    repo().run(&["validate", "-o", format]).exits(1).stdout
}

fn json(format: &str) -> Value {
    serde_json::from_str(&report(format)).unwrap()
}

#[test]
fn concise_prints_one_line_per_finding() {
    crate::transcript::note(&report("concise"));
}

#[test]
fn json_matches_its_schema() {
    let value = json("json");
    assert_valid("schemas/findings.schema.json", &value);
    assert_eq!(value["version"], 1);
    assert_eq!(value["now"], NOW);
    assert_eq!(value["summary"], serde_json::json!({ "governed": 2, "ignored": 1, "errors": 1, "warnings": 1 }));
    let keys: Vec<&str> = value["findings"][0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "rule",
            "severity",
            "message",
            "path",
            "line",
            "column",
            "end_line",
            "end_column",
            "byte_start",
            "byte_end",
            "help",
            "fingerprint",
            "fix"
        ]
    );
    let fix = &value["findings"][1]["fix"];
    assert_eq!(fix["title"], "declare `100_a_b`");
    assert_eq!(fix["edits"][0]["text"], "100_a_b");
    assert_eq!((fix["edits"][0]["line"].as_u64(), fix["edits"][0]["column"].as_u64()), (Some(7), Some(19)));
}

#[test]
fn json_of_a_clean_run_matches_its_schema() {
    let repo = Repo::new();
    repo.write("a.md", clean_document());
    let value = repo.run(&["validate", "-o", "json"]).exits(0).json();
    assert_valid("schemas/findings.schema.json", &value);
    assert_eq!(value["findings"], serde_json::json!([]));
}

#[test]
fn jsonl_prints_one_object_per_finding() {
    let _transcript = crate::transcript::Transcript::of_this_test();
    let all = json("json");
    let lines: Vec<Value> = report("jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(Value::Array(lines), all["findings"]);
}

/// Published schema; one pattern has an additional escaped bracket for the validator used here.
const SARIF: &str = "tests/it/data/sarif-2.1.0.schema.json";

#[test]
fn sarif_matches_the_published_schema() {
    let value = json("sarif");
    assert_valid(SARIF, &value);
    let run = &value["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    for result in run["results"].as_array().unwrap() {
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        let location = &result["locations"][0]["physicalLocation"];
        assert_eq!(location["artifactLocation"]["uri"], "docs/a%20b.md");
        assert!(!location["region"]["snippet"]["text"].as_str().unwrap().is_empty());
        assert!(!result["partialFingerprints"]["phx/v1"].as_str().unwrap().is_empty());
    }
    let replacement = &run["results"][1]["fixes"][0]["artifactChanges"][0]["replacements"][0];
    assert_eq!(replacement["insertedContent"]["text"], "100_a_b");
    assert_eq!(replacement["deletedRegion"]["byteLength"], 0);
}

#[test]
fn sarif_of_every_rule_and_of_a_clean_run_is_valid() {
    let repo = Repo::new();
    repo.write("a.md", clean_document());
    assert_valid(SARIF, &repo.run(&["validate", "-o", "sarif"]).exits(0).json());
    repo.write("b.md", "---\ngovernance:\n  x\n").write("phx.toml", "[documents]\nrequire = [\"phase-plan\"]\n");
    assert_valid(SARIF, &repo.run(&["validate", "-o", "sarif"]).exits(1).json());
}

#[test]
fn fingerprints_are_stable_and_unique() {
    let repo = Repo::new();
    let item = "#### 1. One\n**Status**: x\n\n";
    let body = |above: &str| {
        format!(
            "# T\n\n{above}## Priority 1\n\n{item}{item}## Sprint Summary\n\n## Risk Assessment\n\n## Dependencies Status\n"
        )
    };
    let text = |above: &str| {
        document("  phase_number: 1\n", &body(above)).replace("auto_sections: []", "auto_sections: [gone]")
    };
    let fingerprints = |text: String| -> Vec<String> {
        let report = repo.write("UPCOMING_FEATURES.md", text).run(&["validate", "-o", "json"]).exits(1).json();
        let findings = report["findings"].as_array().unwrap().clone();
        findings.iter().map(|finding| finding["fingerprint"].as_str().unwrap().to_owned()).collect()
    };
    let before = fingerprints(text(""));
    let after = fingerprints(text("## Overview\n\nNew text.\n\n"));
    assert_eq!(before, after);
    let mut unique = before.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), before.len(), "{before:?}");
    assert!(before.len() > 8, "{before:?}");
}

#[test]
fn github_prints_errors_first() {
    let repo = repo();
    repo.write("0.md", document("  phase_number: 1\n  onwer: x\n", ""));
    let out = repo.run(&["validate", "-o", "github"]).exits(1).stdout;
    let lines: Vec<&str> = out.lines().collect();
    assert!(
        lines[0].starts_with(
            "::error file=docs/a b.md,line=10,col=17,endLine=10,endColumn=18,title=phx[schema-violation]::"
        )
    );
    assert!(lines[1].starts_with("::warning file=0.md,line=11,"), "{out}");
    assert!(lines[1].contains("%0Ahelp: "), "{out}");
    assert_eq!(lines.len(), 3);
}

#[test]
fn gitlab_is_a_code_quality_report() {
    let value = json("gitlab");
    let issues = value.as_array().unwrap();
    assert_eq!(issues[0]["severity"], "major");
    assert_eq!(issues[1]["severity"], "minor");
    assert_eq!(issues[0]["location"], serde_json::json!({ "path": "docs/a b.md", "lines": { "begin": 10 } }));
    assert_ne!(issues[0]["fingerprint"], issues[1]["fingerprint"]);
}

#[test]
fn junit_has_one_case_per_finding_and_clean_document() {
    let _transcript = crate::transcript::Transcript::of_this_test();
    let out = report("junit");
    assert!(out.starts_with(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"phx\" tests=\"3\" failures=\"1\""
    ));
    let repo = repo();
    repo.note(&out);
    let strict = repo.run(&["validate", "-o", "junit", "--fail-on", "warning"]).exits(1).stdout;
    repo.note(&strict);
    let (open, close) =
        (out.matches("<testcase ").count(), out.matches("</testcase>").count() + out.matches("\"/>").count());
    assert_eq!((open, close), (3, 3));
    assert!(!out.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "").replace("&quot;", "").contains('&'));
}

#[test]
fn markdown_is_a_table() {
    let _transcript = crate::transcript::Transcript::of_this_test();
    let out = report("markdown");
    assert!(out.starts_with("**phx**: 1 error, 1 warning in 1 document\n\n| | rule |"));
    let clean = Repo::new();
    clean.note(&out);
    clean.write("a.md", clean_document());
    clean.run(&["validate", "-o", "markdown"]).exits(0);
}

#[test]
fn writes_several_formats_in_one_run() {
    let repo = repo();
    let run = repo
        .run(&["validate", "-o", "concise", "-o", "sarif=out.sarif", "-o", "junit=out.xml", "--color", "always"])
        .exits(1);
    assert_eq!(run.stdout, report("concise"));
    assert_eq!(repo.read("out.sarif"), report("sarif"));
    assert_eq!(repo.read("out.xml"), report("junit"));
    let silent = repo.run(&["validate", "-o", "json=out.json"]).exits(1);
    assert_eq!(silent.stderr, "2 governed, 1 ignored\n");
    assert_eq!(repo.read("out.json"), report("json"));
    let left: Vec<_> = std::fs::read_dir(repo.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().ends_with(".tmp")), "{left:?}");
}
