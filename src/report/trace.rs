//! The story of correlation ids: records and commits.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::rfc3339;
use crate::text::printable::line as safe;

/// What there is to tell of one correlation id.
#[derive(Clone, Debug)]
pub struct TraceStep {
    /// The id.
    pub id: String,
    /// Its record in the ledger.
    pub record: Option<RecordLine>,
    /// The commits that bear it, oldest first.
    pub commits: Vec<CommitLine>,
}

/// A record.
#[derive(Clone, Debug)]
pub struct RecordLine {
    /// When the operation was.
    pub at: DateTime<Utc>,
    /// Where the record stands.
    pub file: String,
    /// Who made it.
    pub actor: String,
    /// What it was.
    pub operation: String,
    /// What its maker said.
    pub note: Option<String>,
    /// The documents.
    pub documents: Vec<String>,
}

/// A commit.
#[derive(Clone, Debug)]
pub struct CommitLine {
    /// Its id, short.
    pub id: String,
    /// When it was made.
    pub at: DateTime<Utc>,
    /// Who wrote it.
    pub author: String,
    /// The first line of its message.
    pub subject: String,
    /// The overrides that it bears.
    pub overrides: Vec<String>,
    /// How it is known to belong to the id.
    pub introducing_commit: IntroducingCommit,
}

/// How a commit is known to belong to an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntroducingCommit {
    /// A trailer of its message says so.
    Trailer,
    /// It is the first whose text has the id.
    Text,
    /// It changed the document under this stamp, and says nothing.
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

/// As people read it.
pub fn text(steps: &[TraceStep]) -> String {
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
        out.push_str("  in no commit yet\n");
    }
    for commit in &step.commits {
        let how = match commit.introducing_commit {
            IntroducingCommit::Trailer => "",
            IntroducingCommit::Text => " (brought the id in)",
            IntroducingCommit::Unattributed => " (unattributed)",
        };
        let at = commit.at.format("%Y-%m-%d %H:%M");
        out.push_str(&format!("  {} {at} {}: {}{how}\n", commit.id, safe(&commit.author), safe(&commit.subject)));
        for text in &commit.overrides {
            out.push_str(&format!("    override: {}\n", safe(text)));
        }
    }
    out
}

/// As programs read it.
pub fn json(steps: &[TraceStep]) -> String {
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
