//! Format `sarif`: SARIF 2.1.0 (OASIS) with relative URIs, regions, rule metadata, fixes and stable fingerprints.

use serde_json::{Value, json};

use super::{Color, Report, RuleInfo};
use crate::finding::{Finding, Fix, Range};

pub(crate) fn render(report: &Report<'_>, _: Color) -> String {
    let rules: Vec<Value> = report.rules.iter().map(rule).collect();
    let results: Vec<Value> = report.findings.iter().map(|finding| result(report, finding)).collect();
    let value = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "phx", "semanticVersion": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    super::json_text(&value)
}

fn rule(rule: &RuleInfo) -> Value {
    json!({
        "id": rule.slug,
        "shortDescription": { "text": rule.summary },
        "help": { "text": rule.page, "markdown": rule.page },
        "defaultConfiguration": { "level": rule.severity.name() },
    })
}

fn result(report: &Report<'_>, finding: &Finding) -> Value {
    let mut text = finding.message.clone();
    if !finding.help.is_empty() {
        text = format!("{text}. {}", finding.help);
    }
    let mut region = region(&finding.range);
    let line = finding.range.start.line.checked_sub(finding.excerpt.line);
    if let Some(snippet) = line.and_then(|line| finding.excerpt.text.lines().nth(line)) {
        region["snippet"] = json!({ "text": snippet });
    }
    let mut result = json!({
        "ruleId": finding.rule,
        "level": finding.severity.name(),
        "message": { "text": text },
        "locations": [{ "physicalLocation": { "artifactLocation": artifact(&finding.path), "region": region } }],
        "partialFingerprints": { "phx/v1": finding.fingerprint },
    });
    if let Some(index) = report.rules.iter().position(|rule| rule.slug == finding.rule) {
        result["ruleIndex"] = json!(index);
    }
    if let Some(found) = &finding.fix {
        result["fixes"] = json!([fix(&finding.path, found)]);
    }
    result
}

fn region(range: &Range) -> Value {
    json!({
        "startLine": range.start.line,
        "startColumn": range.start.column,
        "endLine": range.end.line,
        "endColumn": range.end.column,
        "byteOffset": range.bytes.start,
        "byteLength": range.bytes.len(),
    })
}

fn fix(path: &str, fix: &Fix) -> Value {
    let replacements = fix
        .edits
        .iter()
        .map(|(range, text)| json!({ "deletedRegion": region(range), "insertedContent": { "text": text } }));
    json!({
        "description": { "text": fix.title },
        "artifactChanges": [{
            "artifactLocation": artifact(path),
            "replacements": replacements.collect::<Vec<_>>(),
        }],
    })
}

fn artifact(path: &str) -> Value {
    json!({ "uri": uri(path), "uriBaseId": "%SRCROOT%" })
}

/// Encodes a path as a relative reference (RFC 3986, section 4.2).
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/!$&'()*+,;=@".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}
