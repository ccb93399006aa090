//! Workflow commands of GitHub Actions, which become annotations. Errors come first: GitHub shows only the first
//! ten of a step.

use super::{Color, Report};
use crate::finding::{Finding, Severity};
use crate::text::printable;

/// Renders the report.
pub fn render(report: &Report<'_>, _: Color) -> String {
    let of = |severity| report.findings.iter().filter(move |finding| finding.severity == severity);
    of(Severity::Error).chain(of(Severity::Warning)).map(annotation).collect()
}

fn annotation(finding: &Finding) -> String {
    let range = &finding.range;
    let mut message = printable::line(&finding.message).into_owned();
    if !finding.help.is_empty() {
        message = format!("{message}\nhelp: {}", printable::line(&finding.help));
    }
    format!(
        "::{} file={},line={},col={},endLine={},endColumn={},title={}::{}\n",
        finding.severity.name(),
        property(&printable::line(&finding.path)),
        range.start.line,
        range.start.column,
        range.end.line,
        range.end.column,
        property(&format!("phx[{}]", finding.rule)),
        data(&message)
    )
}

/// Escapes a message as the runner unescapes it.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes the value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
