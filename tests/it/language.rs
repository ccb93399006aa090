//! Language: wording that the style guide excludes does not occur in sources, documentation, templates and schemas.

use std::path::{Path, PathBuf};

use crate::support::package;

/// Excluded wording, and what to write instead.
const EXCLUDED: &[(&str, &str)] = &[
    (r"\b(is|are) no [a-z`]", "is not a"),
    (r"\bstands?\b", "is, exists"),
    (r"\b(somebody|whoever)\b", "the actor, or the passive voice"),
    (r"\bmeanwhile\b", "concurrently"),
    (r"\bbeside\b", "next to, in addition to"),
    (r"\bmend(s|ed|ing)?\b", "fix, resolve"),
    (r"\bvouch(es|ed)?\b", "review, sign off"),
    (r"\bgoes? on record\b", "is recorded"),
    (r"\bends? well\b", "succeeds"),
    (r"\bso many\b", "the number of"),
    (r"\bput back\b", "restore"),
    (r"\btakes? away\b", "remove"),
    (r"\b(held|holds?) against\b", "compare with, validate against"),
    (r"\bbut for\b", "except"),
    (r"\btold as\b", "reported as"),
    (r"^\s*//[/!] (What|How|Those|Who|Where)\b", "a noun or a verb"),
];

/// Correct uses of the first pattern.
const ALLOWED: &[&str] = &["there is no", "there are no", "is no longer", "are no longer"];

fn add_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            add_files(&path, files);
        } else if path.extension().is_some_and(|end| ["rs", "md", "json", "sh"].iter().any(|known| *known == end)) {
            files.push(path);
        }
    }
}

fn violations(name: &str, text: &str) -> Vec<String> {
    let patterns: Vec<_> =
        EXCLUDED.iter().map(|(pattern, instead)| (regex::Regex::new(pattern).unwrap(), instead)).collect();
    let mut violations = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let mut plain = line.to_owned();
        for allowed in ALLOWED {
            plain = plain.replace(allowed, "");
        }
        for (pattern, instead) in &patterns {
            if pattern.is_match(&plain) {
                violations.push(format!("{name}:{}: write `{instead}`: {}", at + 1, line.trim()));
            }
        }
    }
    violations
}

#[test]
fn text_follows_the_style_guide() {
    let mut files: Vec<PathBuf> =
        ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"].map(|name| package().join(name)).into();
    for folder in ["src", "docs", "templates", "schemas", "hooks"] {
        add_files(&package().join(folder), &mut files);
    }
    files.sort();
    let found: Vec<String> = files
        .iter()
        .flat_map(|file| {
            let name = file.strip_prefix(package()).unwrap().display().to_string();
            violations(&name, &std::fs::read_to_string(file).unwrap())
        })
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn excluded_wording_is_found() {
    for text in ["`x` is no date", "a hook that stands there", "/// What it does.", "somebody edited it"] {
        assert_eq!(violations("a.rs", text).len(), 1, "{text}");
    }
    for text in ["there is no date", "`x` is not a valid date", "it is no longer valid", "/// Date of the update."] {
        assert_eq!(violations("a.rs", text).len(), 0, "{text}");
    }
}
