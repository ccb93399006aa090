//! TAP version 14: diagnostics in YAML, a skip as `# SKIP`; a warning is a plain `ok` with its diagnostic.

use std::fmt::Write;

use super::{Color, Run};
use crate::doctor::Outcome;

/// Renders it.
pub fn render(run: &Run, _: Color) -> String {
    let mut out = format!("TAP version 14\n1..{}\n", run.records.len());
    for (at, record) in run.records.iter().enumerate() {
        let (outcome, said) = record.shown();
        let ok = if matches!(outcome, Outcome::Fail | Outcome::Error) { "not ok" } else { "ok" };
        let skip = if outcome == Outcome::Skip { format!(" # SKIP {}", escape(&said)) } else { String::new() };
        let _ = writeln!(out, "{ok} {} - {} {}{skip}", at + 1, record.id, escape(&record.target));
        if !said.is_empty() && outcome != Outcome::Skip {
            let detail = serde_json::Value::from(record.found.detail.as_str());
            let _ = writeln!(out, "  ---\n  outcome: {}\n  message: {detail}\n  ...", record.found.outcome.name());
        }
    }
    out
}

/// A description as TAP reads it.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('#', "\\#").replace('\n', " ")
}
