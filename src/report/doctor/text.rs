//! For people: a line a check; those that did not pass with what was seen, what happened and what mends it.

use std::fmt::Write;

use super::{Color, Run, bars};
use crate::doctor::{CheckRecord, Outcome};

/// How many lines of evidence are shown of a check.
const EVIDENCE: usize = 5;

/// How many observations a passing line shows.
const SHOWN: usize = 3;
/// The longest text that it shows of them, in bytes.
const SEEN: usize = 40;

/// So many skipped checks of a subject are told one by one; more of them in a line.
const SKIPS: usize = 3;

/// Renders it.
pub fn render(run: &Run, color: Color) -> String {
    let mut out = String::new();
    let groups: Vec<&[CheckRecord]> = run.records.chunk_by(|one, next| one.target == next.target).collect();
    // Where each check has a subject of its own, the subjects are no headings.
    let apart = groups.len() > 1 && groups.iter().all(|group| group.len() == 1);
    for group in &groups {
        let is_skip = |record: &&CheckRecord| record.found.outcome == Outcome::Skip;
        let is_told = |record: &&CheckRecord| !run.quiet || !is_fine(record);
        if !group.iter().any(|record| is_told(&record)) {
            continue;
        }
        if !apart {
            let _ = writeln!(out, "{}{}", if out.is_empty() { "" } else { "\n" }, group[0].target);
        }
        let mut reasons: Vec<&str> = Vec::new();
        let are_many = !run.verbose && !run.quiet && group.iter().filter(is_skip).count() > SKIPS;
        for record in group.iter().filter(|record| !are_many || !is_skip(record)).filter(is_told) {
            // What is said once of a target need not be said of each of its checks.
            let is_known = record.found.outcome == Outcome::Error && reasons.contains(&record.found.detail.as_str());
            line(&mut out, record, (color, apart, is_known && !run.verbose));
            if (!is_fine(record) && !is_known) || run.verbose {
                more(&mut out, record);
            }
            reasons.push(&record.found.detail);
        }
        if are_many {
            skipped(&mut out, &group.iter().filter(is_skip).collect::<Vec<_>>(), color);
        }
    }
    let gap = if out.is_empty() { "" } else { "\n" };
    let _ = writeln!(out, "{gap}{}{}", run.summary(), legend(run, color));
    out
}

/// What the signs mean that were used; nothing where all checks passed.
fn legend(run: &Run, color: Color) -> String {
    let used = |outcome: &&Outcome| run.records.iter().any(|record| record.shown().0 == **outcome);
    let signs: Vec<String> = Outcome::ALL
        .iter()
        .filter(used)
        .map(|outcome| format!("{} {}", sign(*outcome, color), outcome.name()))
        .collect();
    match signs.as_slice() {
        [] => String::new(),
        [_] if run.records.iter().all(|record| record.shown().0 == Outcome::Pass) => String::new(),
        signs => format!("\n{}", signs.join("  ")),
    }
}

/// Many skips in few lines: a reason that most of them share is said.
fn skipped(out: &mut String, records: &[&CheckRecord], color: Color) {
    let sign = sign(Outcome::Skip, color);
    let shares = |record: &&&CheckRecord| {
        records.iter().filter(|other| other.found.detail == record.found.detail).count() > SKIPS
    };
    let ids = |records: &[&CheckRecord]| records.iter().map(|record| record.id).collect::<Vec<_>>().join(", ");
    let (common, others): (Vec<&CheckRecord>, Vec<&CheckRecord>) =
        records.iter().copied().partition(|record| shares(&record));
    for same in common.chunk_by(|one, next| one.found.detail == next.found.detail) {
        let _ = writeln!(out, "{sign} {} skipped, because {}: {}", same.len(), same[0].found.detail, ids(same));
    }
    if !others.is_empty() {
        let _ = writeln!(out, "{sign} {} skipped (`-v` says why): {}", others.len(), ids(&others));
    }
}

/// Whether nothing need be done; what is suppressed is looked into when somebody asks.
fn is_fine(record: &CheckRecord) -> bool {
    matches!(record.shown().0, Outcome::Pass | Outcome::Skip)
}

fn sign(outcome: Outcome, color: Color) -> String {
    let (sign, code) = match outcome {
        Outcome::Pass => ("✓", "32"),
        Outcome::Warn => ("!", "33"),
        Outcome::Fail => ("✗", "31"),
        Outcome::Skip => ("-", "2"),
        Outcome::Error => ("☠", "35"),
    };
    match color {
        Color::Ansi => format!("\u{1b}[{code}m[{sign}]\u{1b}[0m"),
        Color::Plain => format!("[{sign}]"),
    }
}

fn line(out: &mut String, record: &CheckRecord, (color, apart, is_known): (Color, bool, bool)) {
    let sign = sign(record.shown().0, color);
    let said = match record.found.detail.as_str() {
        "" => record.claim,
        _ if is_known => "as above",
        detail => detail,
    };
    let on = if apart { format!(" on {}", record.target) } else { String::new() };
    let _ = write!(out, "{sign} {}{on}: {said}{}", record.id, seen(record));
    if color == Color::Ansi && !is_fine(record) {
        let bar = bars::share(record.duration_ms, record.deadline_ms);
        let _ = write!(out, "  \u{1b}[2m{bar} {}\u{1b}[0m", bars::time(record.duration_ms));
    }
    out.push('\n');
    if let Some(suppressed) = &record.suppressed {
        let _ = writeln!(out, "      suppressed until {}: {}", suppressed.until, suppressed.reason);
    }
    if let Some(latency) = record.found.latency.as_ref().filter(|_| !is_fine(record)) {
        let picture = bars::spread(&latency.buckets);
        let _ = writeln!(
            out,
            "      {picture} p50 {} ms, p99 {} ms, max {} ms",
            latency.p50_ms, latency.p99_ms, latency.max_ms
        );
    }
}

/// What was seen of what passed, in brackets: the first few numbers and words that say something, unless a sentence says it.
fn seen(record: &CheckRecord) -> String {
    if record.shown().0 != Outcome::Pass || !record.found.detail.is_empty() {
        return String::new();
    }
    let says = |value: &serde_json::Value| match value {
        serde_json::Value::Number(number) => number.as_f64() != Some(0.0),
        serde_json::Value::String(text) => !text.is_empty() && text.len() <= SEEN,
        _ => false,
    };
    let seen = record.found.observed.iter().filter(|(_, value)| says(value)).take(SHOWN);
    let seen: Vec<String> = seen.map(|(name, value)| format!("{} {}", name.replace('_', " "), word(value))).collect();
    if seen.is_empty() { String::new() } else { format!(" ({})", seen.join(", ")) }
}

/// What was seen, what happened, and what mends it.
pub(super) fn more(out: &mut String, record: &CheckRecord) {
    let is_fine = is_fine(record);
    for (name, value) in record.found.observed.iter().filter(|(_, value)| !value.is_null() && **value != "") {
        let expected =
            record.found.expected.get(name).filter(|expected| !is_fine && !expected.is_null() && *expected != value);
        let expected = expected.map_or_else(String::new, |expected| format!(" (expected {})", word(expected)));
        let _ = writeln!(out, "      {}: {}{expected}", name.replace('_', " "), word(value));
    }
    for evidence in record.found.evidence.iter().take(EVIDENCE) {
        let _ = writeln!(out, "      {:>6} ms {}: {}", evidence.t_ms, evidence.event, evidence.detail);
    }
    if record.found.evidence.len() > EVIDENCE {
        let _ = writeln!(out, "      and {} more", record.found.evidence.len() - EVIDENCE);
    }
    if is_fine {
        return;
    }
    if !record.found.help.text.is_empty() {
        let _ = writeln!(out, "    help: {}", record.found.help.text);
    }
    for command in &record.found.help.commands {
        let _ = writeln!(out, "      $ {command}");
    }
}

fn word(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
