//! A JSON object for each finding, one a line.

use super::{Color, Report, json};

/// Renders the report.
pub fn render(report: &Report<'_>, _: Color) -> String {
    let lines = report.findings.iter().map(|finding| format!("{}\n", json::finding(finding)));
    lines.collect()
}
