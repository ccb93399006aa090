//! Format `junit`: JUnit XML with one suite per document. Findings that fail the run are failures, other findings are
//! passed cases with output, and a document without findings is one passed case.

use std::fmt::Write;

use super::{Color, Report};
use crate::finding::{Finding, Severity};
use crate::text::printable;

pub(crate) fn render(report: &Report<'_>, _: Color) -> String {
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
        suites.push_str(&suite(path, &findings, report.failing));
    }
    let failures = report.findings.iter().filter(|finding| report.failing.contains(&finding.severity)).count();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <testsuites name=\"phx\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\">\n{suites}</testsuites>\n"
    )
}

fn suite(path: &str, findings: &[&Finding], failing: &[Severity]) -> String {
    let name = escape(path);
    let mut cases = String::new();
    let mut failures = 0;
    for finding in findings {
        let start = finding.range.start;
        let severity = finding.severity.name();
        let location = format!("{path}:{}:{}", start.line, start.column);
        let result = if failing.contains(&finding.severity) {
            failures += 1;
            let text = escape(&format!("{location}: {}", finding.help));
            format!("<failure type=\"{severity}\" message=\"{}\">{text}</failure>", escape(&finding.message))
        } else {
            let text = escape(&format!("{severity}: {location}: {}: {}", finding.message, finding.help));
            format!("<system-out>{text}</system-out>")
        };
        let _ = writeln!(
            cases,
            "    <testcase classname=\"{name}\" name=\"{} at {}:{}\">\n      {result}\n    </testcase>",
            finding.rule, start.line, start.column
        );
    }
    if findings.is_empty() {
        let _ = writeln!(cases, "    <testcase classname=\"{name}\" name=\"valid\"/>");
    }
    let tests = findings.len().max(1);
    format!(
        "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\">\n{cases}  </testsuite>\n"
    )
}

/// Escapes text for XML 1.0. Characters that XML does not allow become `U+FFFD`.
pub(crate) fn escape(text: &str) -> String {
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
