//! Format `markdown`: a table for the summary of a CI step or a comment.

use std::fmt::Write;

use super::{Color, Report};
use crate::text::printable;

pub(crate) fn render(report: &Report<'_>, _: Color) -> String {
    if report.findings.is_empty() {
        return format!("**phx**: no findings in {} governed documents\n", report.documents.len());
    }
    let mut table = format!("**phx**: {}\n\n", report.summary());
    table.push_str("| | rule | location | message | help |\n|---|---|---|---|---|\n");
    for finding in report.findings {
        let start = finding.range.start;
        let _ = writeln!(
            table,
            "| {} | `{}` | {}:{}:{} | {} | {} |",
            finding.severity.name(),
            finding.rule,
            printable::markdown(&finding.path),
            start.line,
            start.column,
            printable::markdown(&finding.message),
            printable::markdown(&finding.help)
        );
    }
    table
}
