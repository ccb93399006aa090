//! A JSON object for each finding, one a line.

use super::{Color, Report, json};
use crate::text::printable;

/// Renders the report.
pub fn render(report: &Report<'_>, _: Color) -> String {
    let lines =
        report.findings.iter().map(|finding| printable::json(&format!("{}\n", json::finding(finding))).into_owned());
    lines.collect()
}
