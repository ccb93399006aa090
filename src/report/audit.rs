//! What an audit says of a commit.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::rfc3339;
use crate::finding::Finding;
use crate::text::printable::line as safe;

/// One commit.
#[derive(Clone, Debug)]
pub struct AuditLine<'a> {
    /// Its id.
    pub id: &'a str,
    /// When it was made.
    pub at: DateTime<Utc>,
    /// Who wrote it.
    pub author: &'a str,
    /// The first line of its message.
    pub subject: &'a str,
    /// Whether it would have passed or bears an override that says why not.
    pub passes: bool,
    /// Why it cannot be checked.
    pub problem: Option<&'a str>,
    /// What blocks it.
    pub findings: &'a [Finding],
    /// What does not block it.
    pub warnings: &'a [Finding],
    /// How many more documents were overdue.
    pub omitted_stale: usize,
    /// The overrides that it bears.
    pub overrides: Vec<&'a str>,
}

/// As people read it.
pub fn text(line: &AuditLine<'_>) -> String {
    let short = line.id.get(..10).unwrap_or(line.id);
    let mut out =
        format!("{short} {} {}: {}\n", line.at.format("%Y-%m-%d %H:%M"), safe(line.author), safe(line.subject));
    if let Some(problem) = line.problem {
        out.push_str(&format!("  cannot be checked: {}\n", safe(problem)));
    }
    let verdict = if line.passes { "overridden" } else { "would not have passed" };
    for finding in line.findings {
        let at = finding.range.start.line;
        out.push_str(&format!(
            "  {verdict}: {}:{at}: {} [{}]\n",
            safe(&finding.path),
            safe(&finding.message),
            finding.rule
        ));
    }
    for finding in line.warnings {
        out.push_str(&format!("  warning: {}: {} [{}]\n", safe(&finding.path), safe(&finding.message), finding.rule));
    }
    if line.omitted_stale > 0 {
        out.push_str(&format!("  {verdict}: {} more documents were overdue\n", line.omitted_stale));
    }
    for text in &line.overrides {
        out.push_str(&format!("  override: {}\n", safe(text)));
    }
    out
}

/// As programs read it.
pub fn json(line: &AuditLine<'_>) -> Value {
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
