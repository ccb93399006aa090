//! `JUnit` XML: a suite for each document, a failure for each finding, a pass for a document without any.

use std::fmt::Write;

use super::{Color, Report};
use crate::finding::Finding;
use crate::text::printable;

/// Renders the report.
pub fn render(report: &Report<'_>, _: Color) -> String {
    let mut paths: Vec<&str> = report.documents.clone();
    paths.extend(report.findings.iter().map(|finding| finding.path.as_str()));
    paths.sort_unstable();
    paths.dedup();
    let mut suites = String::new();
    let mut tests = 0;
    for path in paths {
        let first = report.findings.partition_point(|finding| finding.path.as_str() < path);
        let findings: Vec<&Finding> =
            report.findings[first..].iter().take_while(|finding| finding.path == path).collect();
        tests += findings.len().max(1);
        suites.push_str(&suite(path, &findings));
    }
    let failures = report.findings.len();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <testsuites name=\"phx\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\">\n{suites}</testsuites>\n"
    )
}

fn suite(path: &str, findings: &[&Finding]) -> String {
    let name = escape(path);
    let mut cases = String::new();
    for finding in findings {
        let start = finding.range.start;
        let _ = writeln!(
            cases,
            "    <testcase classname=\"{name}\" name=\"{} at {}:{}\">\n      \
             <failure type=\"{}\" message=\"{}\">{}</failure>\n    </testcase>",
            finding.rule,
            start.line,
            start.column,
            finding.severity.name(),
            escape(&finding.message),
            escape(&format!("{}:{}:{}: {}", path, start.line, start.column, finding.help)),
        );
    }
    if findings.is_empty() {
        let _ = writeln!(cases, "    <testcase classname=\"{name}\" name=\"valid\"/>");
    }
    format!(
        "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{}\" errors=\"0\">\n{cases}  </testsuite>\n",
        findings.len().max(1),
        findings.len()
    )
}

/// Escapes text for XML 1.0; characters that XML has no place for become `U+FFFD`.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in printable::lines(text).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' | '\n' | '\r' => escaped.push(' '),
            '\0'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}' => escaped.push('\u{FFFD}'),
            _ => escaped.push(c),
        }
    }
    escaped
}
