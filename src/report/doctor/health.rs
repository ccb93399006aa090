//! Format `health+json`: `application/health+json` (draft-inadarei-api-health-check).

use serde_json::{Map, Value, json};

use super::super::rfc3339;
use super::{Color, Run};
use crate::doctor::{CheckRecord, Outcome};

pub(super) fn render(run: &Run, _: Color) -> String {
    let status = if run.count(Outcome::Fail) + run.count(Outcome::Error) > 0 {
        "fail"
    } else if run.count(Outcome::Warn) > 0 {
        "warn"
    } else {
        "pass"
    };
    let mut checks = Map::new();
    for record in run.records.iter().filter(|record| record.shown().0 != Outcome::Skip) {
        checks.insert(format!("{}:{}", record.target, record.id), json!([check(record)]));
    }
    format!("{:#}\n", json!({ "status": status, "version": "1", "output": run.summary(), "checks": checks }))
}

fn check(record: &CheckRecord) -> Value {
    let status = match record.result.outcome {
        Outcome::Pass | Outcome::Skip => "pass",
        Outcome::Warn => "warn",
        Outcome::Fail | Outcome::Error => "fail",
    };
    json!({
        "componentType": "system",
        "observedValue": record.result.observed,
        "status": status,
        "time": rfc3339(record.started),
        "output": record.result.detail,
    })
}
