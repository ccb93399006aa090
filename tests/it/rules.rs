//! Rules: the examples on each page, and the fixtures of each rule, run through the command line.
//!
//! `tests/rules/<slug>/<case>/input.md` is validated as `DOC.md`, or as the path in `path.txt`, with `phx.toml` if it
//! exists. `result.snap` is the exit code, the output, and the document after `--fix` if it differs.

use crate::support::{Repo, package};

/// Rules whose pages have no runnable example, because they do not depend on the text of one document only.
const WITHOUT_EXAMPLE: &[&str] = &[
    "backdated-commit",
    "changed-sources",
    "invalid-encoding",
    "oversized-document",
    "rubber-stamp",
    "unreadable-document",
    "unrecorded-correlation-id",
    "unreviewed-manual-change",
    "weakened-policy",
];

/// Rules without fixtures, because other tests create their input.
const WITHOUT_FIXTURE: &[&str] = &[
    "backdated-commit",
    "changed-sources",
    "missing-document",
    "oversized-document",
    "rubber-stamp",
    "unreadable-document",
    "unrecorded-correlation-id",
    "unreviewed-manual-change",
    "weakened-policy",
];

fn rules() -> Vec<serde_json::Value> {
    let list = Repo::new().run(&["rules", "-o", "json"]).exits(0).json();
    list.as_array().unwrap().clone()
}

fn slug(rule: &serde_json::Value) -> &str {
    rule["rule"].as_str().unwrap()
}

#[test]
fn slugs_are_valid_and_unique() {
    let slugs: Vec<String> = rules().iter().map(|rule| slug(rule).to_owned()).collect();
    let mut sorted = slugs.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!(slugs, sorted, "the list is sorted and has no duplicates");
    for slug in &slugs {
        let plain = slug.chars().all(|c| c.is_ascii_lowercase() || c == '-');
        let prefixes = ["no-", "require-", "check-", "must-", "use-", "valid-"];
        assert!(plain && slug.contains('-'), "{slug} must be lower-case words joined by `-`");
        assert!(
            !prefixes.iter().any(|word| slug.starts_with(word)),
            "{slug} names the solution instead of the problem"
        );
        let file = package().join("src/rules").join(slug.replace('-', "_"));
        assert!(file.with_extension("rs").exists(), "{slug} has no source file");
    }
}

/// Returns the info string and the text of each fenced block of a page.
fn blocks(page: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in page.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => open = Some((info.to_owned(), String::new())),
            (Some(_), Some("")) => blocks.extend(open.take()),
            (Some((_, text)), _) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    blocks
}

#[test]
fn every_example_on_a_rule_page_is_correct() {
    for rule in rules() {
        let slug = slug(&rule);
        let page = Repo::new().unrecorded().run(&["explain", slug]).exits(0).stdout;
        assert!(page.starts_with(&format!("# {slug}\n")), "{slug}: the page has another title");
        assert!(page.contains("\n## Why\n"), "{slug}: the page has no section `Why`");
        let (mut finds, mut clean) = (0, 0);
        let mut configuration = String::new();
        for (info, text) in blocks(&page) {
            let mut words = info.split(' ');
            if words.next() == Some("toml") {
                configuration = text;
                continue;
            }
            let repo = Repo::new().unrecorded();
            repo.write("phx.toml", &configuration);
            let expectation = words.next().unwrap();
            let path = words.next().and_then(|word| word.strip_prefix("path=")).unwrap_or("DOC.md");
            let run = repo.write(path, &text).validate();
            let found = run.stdout.contains(&format!("[{slug}]"));
            match expectation {
                "finds" => finds += 1,
                "clean" => clean += 1,
                other => panic!("{slug}: expected `finds` or `clean`, found `{other}`"),
            }
            assert_eq!(found, expectation == "finds", "{slug}:\n{text}\n{}", run.stdout);
        }
        let shown = finds > 0 && clean > 0;
        assert_eq!(
            shown,
            !WITHOUT_EXAMPLE.contains(&slug),
            "{slug}: {finds} examples with a finding, {clean} clean examples"
        );
    }
}

#[test]
fn every_fixture_gives_the_expected_result() {
    let cases = std::cell::RefCell::new(std::collections::BTreeMap::<String, [usize; 2]>::new());
    insta::glob!("../rules", "*/*/input.md", |input| {
        let case = input.parent().unwrap();
        let slug = case.parent().unwrap().file_name().unwrap().to_str().unwrap();
        let repo = Repo::new().unrecorded();
        let path = std::fs::read_to_string(case.join("path.txt")).unwrap_or_else(|_| "DOC.md".to_owned());
        let path = path.trim();
        repo.write(path, std::fs::read(input).unwrap());
        if let Ok(configuration) = std::fs::read(case.join("phx.toml")) {
            repo.write("phx.toml", configuration);
        }
        let run = repo.run(&["validate", "-q", "--color=never", others(slug)]);
        let mut result = format!("exit code: {}\n{}{}", run.code, run.stdout, run.stderr);
        let report = repo.run(&["validate", "-o", "json", others(slug)]).json();
        let findings = report["findings"].as_array().unwrap();
        assert!(findings.iter().all(|finding| finding["help"].is_string()), "{}: no help: {report}", case.display());
        let has_finding = findings.iter().any(|finding| finding["rule"] == slug);
        cases.borrow_mut().entry(slug.to_owned()).or_default()[usize::from(has_finding)] += 1;
        let read = || std::fs::read(repo.path().join(path)).unwrap();
        let before = read();
        repo.run(&["validate", "--fix", "-q", others(slug)]);
        let fixed = read();
        if fixed != before {
            result += &format!("\nafter `phx validate --fix`:\n{}", String::from_utf8_lossy(&fixed));
            let again = repo.validate().stdout;
            let is_fixed = findings.iter().all(|finding| finding["rule"] != slug || !finding["fix"].is_null());
            assert!(!is_fixed || !again.contains(&format!("[{slug}]")), "{}:\n{again}", case.display());
        }
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(case);
        settings.set_prepend_module_to_snapshot(false);
        settings.remove_snapshot_suffix();
        settings.remove_input_file();
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!("result", crate::transcript::printable(&result)));
    });
    let cases = cases.into_inner();
    for rule in rules() {
        let slug = slug(&rule);
        let [clean, positive] = cases.get(slug).copied().unwrap_or_default();
        let has_both = positive > 0 && clean > 0;
        assert_eq!(
            has_both,
            !WITHOUT_FIXTURE.contains(&slug),
            "{slug}: {positive} fixtures with a finding, {clean} clean fixtures"
        );
    }
}

/// Returns the option that turns off `ungenerated-auto-section` in the fixtures of other rules.
fn others(slug: &str) -> &'static str {
    if slug.ends_with("ted-auto-section") { "--color=never" } else { "-Aungenerated-auto-section" }
}

#[test]
fn reports_a_missing_document_only_for_the_whole_repository() {
    let repo = Repo::new();
    repo.write("phx.toml", "[documents]\nrequire = [\"phase-plan\", \"document\"]\n");
    repo.write("DOC.md", crate::support::clean_document());
    repo.validate().exits(1);
    repo.run(&["validate", "-o", "concise", "DOC.md"]).exits(0);
}

#[test]
fn reports_an_unknown_rule() {
    Repo::new().run(&["explain", "stale-documents"]).exits(2);
}
