//! Format `json`: one JSON object, version 1 (`schemas/findings.schema.json`).

use serde_json::{Value, json};

use super::{Color, Report, rfc3339};
use crate::finding::{Finding, Fix, Range, Severity};

pub(crate) fn render(report: &Report<'_>, _: Color) -> String {
    let findings: Vec<Value> = report.findings.iter().map(finding).collect();
    let value = json!({
        "version": 1,
        "now": rfc3339(report.now),
        "summary": {
            "governed": report.documents.len(),
            "ignored": report.ignored,
            "errors": report.count(Severity::Error),
            "warnings": report.count(Severity::Warning),
        },
        "findings": findings,
    });
    super::json_text(&value)
}

/// Renders one finding.
pub(crate) fn finding(finding: &Finding) -> Value {
    let mut value = json!({
        "rule": finding.rule,
        "severity": finding.severity.name(),
        "message": finding.message,
        "path": finding.path,
    });
    let help = (!finding.help.is_empty()).then_some(&finding.help);
    if let Value::Object(object) = &mut value {
        object.extend(location(&finding.range));
        object.insert("help".to_owned(), json!(help));
        object.insert("fingerprint".to_owned(), json!(finding.fingerprint));
        object.insert("fix".to_owned(), finding.fix.as_ref().map_or(Value::Null, fix));
    }
    value
}

fn location(range: &Range) -> serde_json::Map<String, Value> {
    let numbers = [
        ("line", range.start.line),
        ("column", range.start.column),
        ("end_line", range.end.line),
        ("end_column", range.end.column),
        ("byte_start", range.bytes.start),
        ("byte_end", range.bytes.end),
    ];
    numbers.into_iter().map(|(key, number)| (key.to_owned(), json!(number))).collect()
}

fn fix(fix: &Fix) -> Value {
    let edits = fix.edits.iter().map(|(range, text)| {
        let mut edit = location(range);
        edit.insert("text".to_owned(), json!(text));
        Value::Object(edit)
    });
    json!({ "title": fix.title, "edits": edits.collect::<Vec<_>>() })
}
