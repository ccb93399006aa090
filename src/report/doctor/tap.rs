//! Format `tap`: TAP version 14 with YAML diagnostics. Skipped checks have `# SKIP`, warnings are `ok` with a
//! diagnostic.

use std::fmt::Write;

use super::{Color, Run};
use crate::doctor::Outcome;

pub(super) fn render(run: &Run, _: Color) -> String {
    let mut out = format!("TAP version 14\n1..{}\n", run.records.len());
    for (at, record) in run.records.iter().enumerate() {
        let (outcome, message) = record.shown();
        let ok = if matches!(outcome, Outcome::Fail | Outcome::Error) { "not ok" } else { "ok" };
        let skip = if outcome == Outcome::Skip { format!(" # SKIP {}", escape(&message)) } else { String::new() };
        let _ = writeln!(out, "{ok} {} - {} {}{skip}", at + 1, record.id, escape(&record.target));
        if !message.is_empty() && outcome != Outcome::Skip {
            let detail = serde_json::Value::from(record.result.detail.as_str());
            let _ = writeln!(out, "  ---\n  outcome: {}\n  message: {detail}\n  ...", record.result.outcome.name());
        }
    }
    out
}

/// Escapes a description for TAP.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('#', "\\#").replace('\n', " ")
}
