//! Text and JSON output of `phx trace`.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::rfc3339;
use crate::text::printable::line as safe;

/// Record and commits of one correlation ID.
#[derive(Clone, Debug)]
pub(crate) struct TraceStep {
    pub id: String,
    /// Record in the ledger, if there is one.
    pub record: Option<RecordLine>,
    /// Commits with the ID, oldest first.
    pub commits: Vec<CommitLine>,
}

/// Record of the ledger.
#[derive(Clone, Debug)]
pub(crate) struct RecordLine {
    /// Time of the operation.
    pub at: DateTime<Utc>,
    /// Path of the record file.
    pub file: String,
    pub actor: String,
    /// Name of the operation, for example `review`.
    pub operation: String,
    pub note: Option<String>,
    /// Paths of documents, followed by the names of reviewed sections if not all were reviewed.
    pub documents: Vec<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct CommitLine {
    /// Abbreviated commit ID.
    pub id: String,
    pub at: DateTime<Utc>,
    pub author: String,
    /// First line of the commit message.
    pub subject: String,
    /// Overrides in the commit message.
    pub overrides: Vec<String>,
    pub introducing_commit: IntroducingCommit,
}

/// Evidence that a commit belongs to a correlation ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IntroducingCommit {
    /// A trailer of the commit message contains the ID.
    Trailer,
    /// The commit is the first whose content contains the ID.
    Text,
    /// The commit changed the document while it had the ID, without a trailer.
    Unattributed,
}

impl IntroducingCommit {
    fn name(self) -> &'static str {
        match self {
            Self::Trailer => "trailer",
            Self::Text => "text",
            Self::Unattributed => "unattributed",
        }
    }
}

/// Renders the audit trail as text.
pub(crate) fn text(steps: &[TraceStep]) -> String {
    steps.iter().map(step).collect::<Vec<_>>().join("\n")
}

fn step(step: &TraceStep) -> String {
    let mut out = format!("{}\n", safe(&step.id));
    match &step.record {
        None => out.push_str("  no record in the ledger\n"),
        Some(record) => {
            out.push_str(&format!(
                "  {} by {} at {}\n",
                safe(&record.operation),
                safe(&record.actor),
                rfc3339(record.at)
            ));
            if let Some(note) = &record.note {
                out.push_str(&format!("    {}\n", safe(note)));
            }
            for path in &record.documents {
                out.push_str(&format!("    {}\n", safe(path)));
            }
        }
    }
    if step.commits.is_empty() {
        out.push_str("  not in a commit\n");
    }
    for commit in &step.commits {
        let note = match commit.introducing_commit {
            IntroducingCommit::Trailer => "",
            IntroducingCommit::Text => " (introduced the ID)",
            IntroducingCommit::Unattributed => " (unattributed)",
        };
        let at = commit.at.format("%Y-%m-%d %H:%M");
        out.push_str(&format!("  {} {at} {}: {}{note}\n", commit.id, safe(&commit.author), safe(&commit.subject)));
        for text in &commit.overrides {
            out.push_str(&format!("    override: {}\n", safe(text)));
        }
    }
    out
}

/// Renders the audit trail as JSON (`schemas/trace.schema.json`).
pub(crate) fn json(steps: &[TraceStep]) -> String {
    let record = |record: &RecordLine| {
        json!({
            "at": rfc3339(record.at),
            "file": record.file,
            "actor": record.actor,
            "operation": record.operation,
            "note": record.note,
            "documents": record.documents,
        })
    };
    let commit = |commit: &CommitLine| {
        json!({
            "commit": commit.id,
            "at": rfc3339(commit.at),
            "author": commit.author,
            "subject": commit.subject,
            "overrides": commit.overrides,
            "known_by": commit.introducing_commit.name(),
        })
    };
    let step = |step: &TraceStep| {
        let commits: Vec<Value> = step.commits.iter().map(commit).collect();
        json!({ "id": step.id, "record": step.record.as_ref().map(record), "commits": commits })
    };
    super::json_text(&json!({ "version": 1, "ids": steps.iter().map(step).collect::<Vec<_>>() }))
}
