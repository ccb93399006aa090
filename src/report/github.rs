//! Format `github`: workflow commands of GitHub Actions, shown as annotations. Errors come first, because GitHub shows
//! only the first ten annotations of a step.

use super::{Color, Report};
use crate::finding::{Finding, Severity};
use crate::text::printable;

pub(crate) fn render(report: &Report<'_>, _: Color) -> String {
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

/// Escapes a message for workflow commands.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes a property value for workflow commands.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
