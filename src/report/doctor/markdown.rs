//! A table to stand in a document: sorted, and without times, so that it moves only when something does.

use super::{Color, Run};
use crate::doctor::Outcome;

/// Renders it.
pub fn render(run: &Run, _: Color) -> String {
    let mut lines: Vec<String> = run
        .records
        .iter()
        .map(|record| {
            let (outcome, said) = record.shown();
            let status = match outcome {
                Outcome::Pass => "✅ Healthy",
                Outcome::Warn => "⚠️ Degraded",
                Outcome::Fail => "❌ Failing",
                Outcome::Skip => "⏭️ Not checked",
                Outcome::Error => "❔ Unknown",
            };
            let said = if said.is_empty() { record.claim } else { &said };
            format!("| {} | {} | {status} | {} |\n", cell(&record.target), cell(record.id), cell(said))
        })
        .collect();
    lines.sort();
    format!("| Subject | Check | Status | What is known |\n|---|---|---|---|\n{}", lines.concat())
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
