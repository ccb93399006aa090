//! Format `gitlab`: code quality report of GitLab.

use serde_json::{Value, json};

use super::{Color, Report};
use crate::finding::{Finding, Severity};

pub(crate) fn render(report: &Report<'_>, _: Color) -> String {
    let issues: Vec<Value> = report.findings.iter().map(issue).collect();
    super::json_text(&Value::Array(issues))
}

fn issue(finding: &Finding) -> Value {
    let severity = match finding.severity {
        Severity::Error => "major",
        Severity::Warning => "minor",
    };
    json!({
        "description": finding.message,
        "check_name": finding.rule,
        "fingerprint": finding.fingerprint,
        "severity": severity,
        "location": { "path": finding.path, "lines": { "begin": finding.range.start.line } },
    })
}
