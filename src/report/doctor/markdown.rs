//! Format `markdown`: a table for documents, sorted and without times, so that it changes only if results change.

use super::{Color, Run};
use crate::doctor::Outcome;

pub(super) fn render(run: &Run, _: Color) -> String {
    let mut lines: Vec<String> = run
        .records
        .iter()
        .map(|record| {
            let (outcome, message) = record.shown();
            let status = match outcome {
                Outcome::Pass => "✅ Healthy",
                Outcome::Warn => "⚠️ Degraded",
                Outcome::Fail => "❌ Failing",
                Outcome::Skip => "⏭️ Not checked",
                Outcome::Error => "❔ Unknown",
            };
            let message = if message.is_empty() { record.claim } else { &message };
            format!("| {} | {} | {status} | {} |\n", cell(&record.target), cell(record.id), cell(message))
        })
        .collect();
    lines.sort();
    format!("| Target | Check | Status | Result |\n|---|---|---|---|\n{}", lines.concat())
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
