//! Output formats, one per file.

pub(crate) mod concise;
pub(crate) mod doctor;
pub(crate) mod github;
pub(crate) mod gitlab;
pub(crate) mod json;
pub(crate) mod jsonl;
pub(crate) mod junit;
pub(crate) mod markdown;
pub(crate) mod regen;
pub(crate) mod review;
pub(crate) mod audit;
pub(crate) mod trace;
pub(crate) mod sarif;
pub(crate) mod status;
pub(crate) mod text;

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};

use crate::finding::{Finding, Severity};
use crate::text::{Folder, printable};

/// Result of a validation run.
#[derive(Clone, Debug)]
pub(crate) struct Report<'a> {
    /// Current time that the rules used.
    pub now: DateTime<Utc>,
    /// Paths of governed documents, sorted.
    pub documents: Vec<&'a str>,
    /// Number of files that are not governed.
    pub ignored: usize,
    /// Findings, sorted.
    pub findings: &'a [Finding],
    /// All rules, sorted by slug.
    pub rules: Vec<RuleInfo>,
    /// Severities of findings that fail the run.
    pub failing: &'static [Severity],
    /// Working directory. Text formats show paths relative to it, other formats relative to the root.
    pub folder: &'a Folder,
}

/// Rule metadata for formats that include it.
#[derive(Clone, Debug)]
pub(crate) struct RuleInfo {
    pub slug: &'static str,
    /// Default severity.
    pub severity: Severity,
    /// One-line description.
    pub summary: &'static str,
    /// Documentation page in Markdown.
    pub page: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Color {
    /// ANSI escape sequences.
    Ansi,
    Plain,
}

/// Name and renderer of a format.
pub(crate) type Format = (&'static str, fn(&Report<'_>, Color) -> String);

/// All formats. The first is the default.
pub(crate) const FORMATS: &[Format] = &[
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
    /// Renders one line per rule and severity with the number of findings, highest number first.
    pub(crate) fn statistics(&self) -> String {
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

    /// Returns the number of findings of a severity.
    pub(crate) fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    /// Returns a summary such as `1 error, 5 warnings in 1 document`; empty if there are no findings.
    pub(crate) fn summary(&self) -> String {
        let plural = |count: usize, word: &str| match count {
            1 => format!("1 {word}"),
            _ => format!("{count} {word}s"),
        };
        let mut paths: Vec<&str> = self.findings.iter().map(|finding| finding.path.as_str()).collect();
        paths.dedup();
        let counts = [(Severity::Error, "error"), (Severity::Warning, "warning")];
        let parts: Vec<String> = counts
            .iter()
            .map(|(severity, word)| (self.count(*severity), word))
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| plural(count, word))
            .collect();
        if parts.is_empty() {
            return String::new();
        }
        format!("{} in {}", parts.join(", "), plural(paths.len(), "document"))
    }
}

/// Renders a JSON value as a complete document with a trailing line end.
pub(crate) fn json_text(value: &serde_json::Value) -> String {
    printable::json(&format!("{value:#}\n")).into_owned()
}

/// Formats a time as RFC 3339 in UTC with second precision.
fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}
