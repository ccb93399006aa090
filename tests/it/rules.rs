//! The rules: the examples on each page, and the fixtures of each rule, run as a user would run them.
//!
//! `tests/rules/<slug>/<case>/input.md` is validated as `DOC.md`, or as the path in `path.txt`, with `phx.toml` if it
//! exists. `result.snap` is the exit code, the output, and the document after `--fix` if it differs.

use crate::support::{Repo, package};

/// Rules whose pages cannot show a runnable example: what they find is no text of one document.
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

/// Rules that other tests hold: their subjects are made, not kept.
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
fn slugs_name_the_smell_and_every_rule_stands_in_the_list_once() {
    let slugs: Vec<String> = rules().iter().map(|rule| slug(rule).to_owned()).collect();
    let mut sorted = slugs.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!(slugs, sorted, "the list is sorted, and no rule stands in it twice");
    for slug in &slugs {
        let plain = slug.chars().all(|c| c.is_ascii_lowercase() || c == '-');
        let remedy = ["no-", "require-", "check-", "must-", "use-", "valid-"];
        assert!(plain && slug.contains('-'), "{slug} is not words joined by -");
        assert!(!remedy.iter().any(|word| slug.starts_with(word)), "{slug} names the remedy");
        let file = package().join("src/rules").join(slug.replace('-', "_"));
        assert!(file.with_extension("rs").exists(), "{slug} has its file");
    }
}

/// A fenced block of a page: the words behind its fence, and its text.
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
fn every_example_on_a_page_does_what_the_page_says() {
    for rule in rules() {
        let slug = slug(&rule);
        let page = Repo::new().unrecorded().run(&["explain", slug]).exits(0).stdout;
        assert!(page.starts_with(&format!("# {slug}\n")), "{slug}: the page bears the rule's name");
        assert!(page.contains("\n## Why\n"), "{slug}: the page says why");
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
                other => panic!("{slug}: an example is `finds` or `clean`, not `{other}`"),
            }
            assert_eq!(found, expectation == "finds", "{slug}:\n{text}\n{}", run.stdout);
        }
        let shown = finds > 0 && clean > 0;
        assert_eq!(shown, !WITHOUT_EXAMPLE.contains(&slug), "{slug}: {finds} examples that find, {clean} clean ones");
    }
}

#[test]
fn every_fixture_gives_what_is_expected_of_it() {
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
        let held = positive > 0 && clean > 0;
        assert_eq!(held, !WITHOUT_FIXTURE.contains(&slug), "{slug}: {positive} fixtures that find, {clean} clean ones");
    }
}

/// Blocks in the fixtures of other rules need not be generated.
fn others(slug: &str) -> &'static str {
    if slug.ends_with("ted-auto-section") { "--color=never" } else { "-Aungenerated-auto-section" }
}

#[test]
fn a_missing_document_is_found_where_the_whole_repository_is_checked() {
    let repo = Repo::new();
    repo.write("phx.toml", "[documents]\nrequire = [\"phase-plan\", \"document\"]\n");
    repo.write("DOC.md", crate::support::clean_document());
    repo.validate().exits(1);
    repo.run(&["validate", "-o", "concise", "DOC.md"]).exits(0);
}

#[test]
fn a_rule_that_does_not_exist_cannot_be_explained() {
    Repo::new().run(&["explain", "stale-documents"]).exits(2);
}
