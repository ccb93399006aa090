//! Text and JSON output of `phx audit`.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::rfc3339;
use crate::finding::Finding;
use crate::text::printable::line as safe;

/// Audit result of one commit.
#[derive(Clone, Debug)]
pub(crate) struct AuditLine<'a> {
    pub id: &'a str,
    /// Committer date.
    pub at: DateTime<Utc>,
    pub author: &'a str,
    /// First line of the commit message.
    pub subject: &'a str,
    /// Whether it passes validation or has an override for its findings.
    pub passes: bool,
    /// Reason why it cannot be validated.
    pub problem: Option<&'a str>,
    /// Findings that fail the commit.
    pub findings: &'a [Finding],
    /// Findings that do not fail the commit.
    pub warnings: &'a [Finding],
    /// Number of further stale documents that are not in `findings`.
    pub omitted_stale: usize,
    /// Overrides in the commit message.
    pub overrides: Vec<&'a str>,
}

/// Renders a commit as text.
pub(crate) fn text(line: &AuditLine<'_>) -> String {
    let short = line.id.get(..10).unwrap_or(line.id);
    let mut out =
        format!("{short} {} {}: {}\n", line.at.format("%Y-%m-%d %H:%M"), safe(line.author), safe(line.subject));
    if let Some(problem) = line.problem {
        out.push_str(&format!("  cannot be validated: {}\n", safe(problem)));
    }
    let result = if line.passes { "overridden" } else { "fails validation" };
    for finding in line.findings {
        let at = finding.range.start.line;
        out.push_str(&format!(
            "  {result}: {}:{at}: {} [{}]\n",
            safe(&finding.path),
            safe(&finding.message),
            finding.rule
        ));
    }
    for finding in line.warnings {
        out.push_str(&format!("  warning: {}: {} [{}]\n", safe(&finding.path), safe(&finding.message), finding.rule));
    }
    if line.omitted_stale > 0 {
        out.push_str(&format!("  {result}: {} more documents were stale\n", line.omitted_stale));
    }
    for text in &line.overrides {
        out.push_str(&format!("  override: {}\n", safe(text)));
    }
    out
}

/// Renders a commit as JSON (`schemas/audit.schema.json`).
pub(crate) fn json(line: &AuditLine<'_>) -> Value {
    let finding = |finding: &Finding| {
        json!({
            "rule": finding.rule,
            "severity": finding.severity.name(),
            "path": finding.path,
            "line": finding.range.start.line,
            "message": finding.message,
        })
    };
    json!({
        "commit": line.id,
        "at": rfc3339(line.at),
        "author": line.author,
        "subject": line.subject,
        "passes": line.passes,
        "problem": line.problem,
        "findings": line.findings.iter().chain(line.warnings).map(finding).collect::<Vec<_>>(),
        "more_overdue": line.omitted_stale,
        "overrides": line.overrides,
    })
}
