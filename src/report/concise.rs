//! Format `concise`: one line per finding, `path:line:column: severity[rule] message`.

use super::{Color, Report};
use crate::text::printable;

pub(crate) fn render(report: &Report<'_>, _: Color) -> String {
    let lines = report.findings.iter().map(|finding| {
        let start = finding.range.start;
        format!(
            "{}:{}:{}: {}[{}] {}\n",
            printable::line(&report.folder.display_path(&finding.path)),
            start.line,
            start.column,
            finding.severity.name(),
            finding.rule,
            printable::line(&finding.message)
        )
    });
    lines.collect()
}
