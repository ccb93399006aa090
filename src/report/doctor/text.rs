//! For people: a line a check; those that did not pass with what was seen, what happened and what mends it.

use std::fmt::Write;

use super::{Color, Run};
use crate::doctor::{Outcome, Record};

/// How many lines of evidence are shown of a check.
const EVIDENCE: usize = 5;

/// Renders it.
pub fn render(run: &Run, color: Color) -> String {
    let mut out = String::new();
    for record in &run.records {
        line(&mut out, record, color);
        if record.outcome != Outcome::Pass || run.verbose {
            more(&mut out, record);
        }
    }
    let _ = writeln!(out, "\n{}", run.summary());
    out
}

fn line(out: &mut String, record: &Record, color: Color) {
    let (sign, code) = match record.outcome {
        Outcome::Pass => ("✓", "32"),
        Outcome::Warn => ("!", "33"),
        Outcome::Fail => ("✗", "31"),
        Outcome::Skip => ("-", "2"),
        Outcome::Error => ("☠", "35"),
    };
    let sign = match color {
        Color::Ansi => format!("\u{1b}[{code}m[{sign}]\u{1b}[0m"),
        Color::Plain => format!("[{sign}]"),
    };
    let said = if record.detail.is_empty() { record.claim } else { &record.detail };
    let _ = writeln!(out, "{sign} {}: {said}", record.id);
}

fn more(out: &mut String, record: &Record) {
    for (name, value) in &record.observed {
        let expected = record.expected.get(name).filter(|expected| *expected != value);
        let expected = expected.map_or_else(String::new, |expected| format!(" (expected {})", word(expected)));
        let _ = writeln!(out, "      {}: {}{expected}", name.replace('_', " "), word(value));
    }
    for evidence in record.evidence.iter().take(EVIDENCE) {
        let _ = writeln!(out, "      {}: {}", evidence.event, evidence.detail);
    }
    if record.evidence.len() > EVIDENCE {
        let _ = writeln!(out, "      and {} more", record.evidence.len() - EVIDENCE);
    }
    if !record.remedy.text.is_empty() {
        let _ = writeln!(out, "    help: {}", record.remedy.text);
    }
    for command in &record.remedy.commands {
        let _ = writeln!(out, "      $ {command}");
    }
}

fn word(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
