//! Format `jsonl`: one JSON object per finding and line.

use super::{Color, Report, json};
use crate::text::printable;

pub(crate) fn render(report: &Report<'_>, _: Color) -> String {
    let lines =
        report.findings.iter().map(|finding| printable::json(&format!("{}\n", json::finding(finding))).into_owned());
    lines.collect()
}
