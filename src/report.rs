//! Findings for people and for programs: one format a file.

pub mod concise;
pub mod doctor;
pub mod github;
pub mod gitlab;
pub mod json;
pub mod jsonl;
pub mod junit;
pub mod markdown;
pub mod regen;
pub mod review;
pub mod audit;
pub mod trace;
pub mod sarif;
pub mod status;
pub mod text;

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};

use crate::finding::{Finding, Severity};
use crate::text::{Folder, printable};

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Report<'a> {
    /// The time that the rules used.
    pub now: DateTime<Utc>,
    /// The governed documents, sorted.
    pub documents: Vec<&'a str>,
    /// How many files are not governed.
    pub ignored: usize,
    /// The findings, sorted.
    pub findings: &'a [Finding],
    /// The rules, by slug.
    pub rules: Vec<RuleInfo>,
    /// The severities whose findings make the run fail.
    pub failing: &'static [Severity],
    /// The folder that people read paths from; programs read them from the root.
    pub folder: &'a Folder,
}

/// A rule as formats with rule metadata need it.
#[derive(Clone, Debug)]
pub struct RuleInfo {
    /// Its name.
    pub slug: &'static str,
    /// Its usual severity.
    pub severity: Severity,
    /// What it finds, in a line.
    pub summary: &'static str,
    /// Its page, in Markdown.
    pub page: &'static str,
}

/// Whether a format may use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// A terminal reads it.
    Ansi,
    /// Plain text.
    Plain,
}

/// A format: its name, and how a report looks in it.
pub type Format = (&'static str, fn(&Report<'_>, Color) -> String);

/// All formats. A new one is one line.
pub const FORMATS: &[Format] = &[
    ("text", text::render),
    ("concise", concise::render),
    ("json", json::render),
    ("jsonl", jsonl::render),
    ("sarif", sarif::render),
    ("github", github::render),
    ("gitlab", gitlab::render),
    ("junit", junit::render),
    ("markdown", markdown::render),
];

impl Report<'_> {
    /// How many findings each rule has, the most first: a line each with the number, the severity and the rule.
    pub fn statistics(&self) -> String {
        let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for finding in self.findings {
            *counts.entry((finding.rule, finding.severity.name())).or_default() += 1;
        }
        let mut rows: Vec<_> = counts.into_iter().collect();
        rows.sort_by_key(|((rule, _), count)| (std::cmp::Reverse(*count), *rule));
        let width = rows.first().map_or(0, |(_, count)| count.to_string().len());
        rows.iter().fold(String::new(), |all, ((rule, severity), count)| {
            format!("{all}{count:width$}  {severity:7}  {rule}\n")
        })
    }

    /// How many findings have a severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    /// `1 error, 5 warnings in 1 document`; empty where there is nothing.
    pub fn summary(&self) -> String {
        let plural = |count: usize, word: &str| match count {
            1 => format!("1 {word}"),
            _ => format!("{count} {word}s"),
        };
        let mut paths: Vec<&str> = self.findings.iter().map(|finding| finding.path.as_str()).collect();
        paths.dedup();
        let counts = [(Severity::Error, "error"), (Severity::Warning, "warning")];
        let said: Vec<String> = counts
            .iter()
            .map(|(severity, word)| (self.count(*severity), word))
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| plural(count, word))
            .collect();
        if said.is_empty() {
            return String::new();
        }
        format!("{} in {}", said.join(", "), plural(paths.len(), "document"))
    }
}

/// A JSON value as a document of its own.
pub fn json_text(value: &serde_json::Value) -> String {
    printable::json(&format!("{value:#}\n")).into_owned()
}

/// A time in RFC 3339, in UTC, in seconds.
fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}
