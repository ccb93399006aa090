//! Format `json`: one JSON object, version 1 (`schemas/doctor.schema.json`).

use serde_json::{Value, json};

use super::super::rfc3339;
use super::{Color, Run};
use crate::doctor::{CheckRecord, Outcome};

pub(crate) fn render(run: &Run, _: Color) -> String {
    format!("{:#}\n", value(run))
}

fn value(run: &Run) -> Value {
    let counts = Outcome::ALL.iter().map(|outcome| (outcome.name().to_owned(), json!(run.count(*outcome))));
    let summary: serde_json::Map<String, Value> =
        counts.chain([("suppressed".to_owned(), json!(run.suppressed()))]).collect();
    json!({
        "version": 1,
        "now": rfc3339(run.now),
        "summary": summary,
        "checks": run.records.iter().map(record).collect::<Vec<_>>(),
    })
}

/// Renders one check result.
pub(crate) fn record(record: &CheckRecord) -> Value {
    let evidence = record.result.evidence.iter();
    let evidence: Vec<Value> =
        evidence.map(|one| json!({ "t_ms": one.t_ms, "event": one.event, "detail": one.detail })).collect();
    json!({
        "id": record.id,
        "target": record.target,
        "outcome": record.result.outcome.name(),
        "claim": record.claim,
        "detail": record.result.detail,
        "observed": record.result.observed,
        "expected": record.result.expected,
        "observations": record.result.observations,
        "control": record.result.control.as_ref().map(|control| json!({ "kind": control.kind, "outcome": control.outcome.name() })),
        "started": rfc3339(record.started),
        "duration_ms": record.duration_ms,
        "deadline_ms": record.deadline_ms,
        "attempts": record.result.attempts,
        "evidence": evidence,
        "remediation": { "text": record.result.help.text, "commands": record.result.help.commands, "links": [] },
        "suppressed": record.suppressed.as_ref().map(|suppressed| json!({ "reason": suppressed.reason, "until": suppressed.until.to_string() })),
    })
}
