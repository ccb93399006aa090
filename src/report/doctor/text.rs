//! Format `text`: one line per check; checks that did not pass are shown with observed values, evidence and help.

use std::fmt::Write;

use super::{Color, Run, bars};
use crate::doctor::{CheckRecord, Outcome};

/// Maximum number of evidence lines per check.
const EVIDENCE: usize = 5;

/// Maximum number of observed values in the line of a passed check.
const SHOWN: usize = 3;
/// Maximum length of a text value in the line of a passed check, in bytes.
const SEEN: usize = 40;

/// Maximum number of skipped checks per target that are listed separately; more are summarized in one line.
const SKIPS: usize = 3;

pub(super) fn render(run: &Run, color: Color) -> String {
    let mut out = String::new();
    let groups: Vec<&[CheckRecord]> = run.records.chunk_by(|one, next| one.target == next.target).collect();
    // If every target has only one check, the target is part of the line and not a heading.
    let is_inline = groups.len() > 1 && groups.iter().all(|group| group.len() == 1);
    for group in &groups {
        let is_skip = |record: &&CheckRecord| record.result.outcome == Outcome::Skip;
        let is_shown = |record: &&CheckRecord| !run.quiet || !is_fine(record);
        if !group.iter().any(|record| is_shown(&record)) {
            continue;
        }
        if !is_inline {
            let _ = writeln!(out, "{}{}", if out.is_empty() { "" } else { "\n" }, group[0].target);
        }
        let mut reasons: Vec<&str> = Vec::new();
        let is_summarized = !run.verbose && !run.quiet && group.iter().filter(is_skip).count() > SKIPS;
        for record in group.iter().filter(|record| !is_summarized || !is_skip(record)).filter(is_shown) {
            // An error message is printed only once per target.
            let is_known = record.result.outcome == Outcome::Error && reasons.contains(&record.result.detail.as_str());
            line(&mut out, record, (color, is_inline, is_known && !run.verbose));
            if (!is_fine(record) && !is_known) || run.verbose {
                more(&mut out, record);
            }
            reasons.push(&record.result.detail);
        }
        if is_summarized {
            skipped(&mut out, &group.iter().filter(is_skip).collect::<Vec<_>>(), color);
        }
    }
    let gap = if out.is_empty() { "" } else { "\n" };
    let _ = writeln!(out, "{gap}{}{}", run.summary(), legend(run, color));
    out
}

/// Returns a legend of the used symbols; empty if all checks passed.
fn legend(run: &Run, color: Color) -> String {
    let used = |outcome: &&Outcome| run.records.iter().any(|record| record.shown().0 == **outcome);
    let symbols: Vec<String> = Outcome::ALL
        .iter()
        .filter(used)
        .map(|outcome| format!("{} {}", symbol(*outcome, color), outcome.name()))
        .collect();
    match symbols.as_slice() {
        [] => String::new(),
        [_] if run.records.iter().all(|record| record.shown().0 == Outcome::Pass) => String::new(),
        symbols => format!("\n{}", symbols.join("  ")),
    }
}

/// Summarizes many skipped checks. A reason that many of them share is printed once.
fn skipped(out: &mut String, records: &[&CheckRecord], color: Color) {
    let symbol = symbol(Outcome::Skip, color);
    let is_common = |record: &&&CheckRecord| {
        records.iter().filter(|other| other.result.detail == record.result.detail).count() > SKIPS
    };
    let ids = |records: &[&CheckRecord]| records.iter().map(|record| record.id).collect::<Vec<_>>().join(", ");
    let (common, others): (Vec<&CheckRecord>, Vec<&CheckRecord>) =
        records.iter().copied().partition(|record| is_common(&record));
    for same in common.chunk_by(|one, next| one.result.detail == next.result.detail) {
        let _ = writeln!(out, "{symbol} {} skipped ({}): {}", same.len(), same[0].result.detail, ids(same));
    }
    if !others.is_empty() {
        let _ = writeln!(out, "{symbol} {} skipped (run with `-v` for reasons): {}", others.len(), ids(&others));
    }
}

/// Returns true if a check needs no action. Suppressed checks count as skipped.
fn is_fine(record: &CheckRecord) -> bool {
    matches!(record.shown().0, Outcome::Pass | Outcome::Skip)
}

fn symbol(outcome: Outcome, color: Color) -> String {
    let (symbol, code) = match outcome {
        Outcome::Pass => ("✓", "32"),
        Outcome::Warn => ("!", "33"),
        Outcome::Fail => ("✗", "31"),
        Outcome::Skip => ("-", "2"),
        Outcome::Error => ("☠", "35"),
    };
    match color {
        Color::Ansi => format!("\u{1b}[{code}m[{symbol}]\u{1b}[0m"),
        Color::Plain => format!("[{symbol}]"),
    }
}

fn line(out: &mut String, record: &CheckRecord, (color, is_inline, is_known): (Color, bool, bool)) {
    let symbol = symbol(record.shown().0, color);
    let message = match record.result.detail.as_str() {
        "" => record.claim,
        _ if is_known => "as above",
        detail => detail,
    };
    let on = if is_inline { format!(" on {}", record.target) } else { String::new() };
    let _ = write!(out, "{symbol} {}{on}: {message}{}", record.id, observed(record));
    if color == Color::Ansi && !is_fine(record) {
        let bar = bars::share(record.duration_ms, record.deadline_ms);
        let _ = write!(out, "  \u{1b}[2m{bar} {}\u{1b}[0m", bars::time(record.duration_ms));
    }
    out.push('\n');
    if let Some(suppressed) = &record.suppressed {
        let _ = writeln!(out, "      suppressed until {}: {}", suppressed.until, suppressed.reason);
    }
    if let Some(latency) = record.result.latency.as_ref().filter(|_| !is_fine(record)) {
        let picture = bars::spread(&latency.buckets);
        let _ = writeln!(
            out,
            "      {picture} p50 {} ms, p99 {} ms, max {} ms",
            latency.p50_ms, latency.p99_ms, latency.max_ms
        );
    }
}

/// Returns the first observed values of a passed check in parentheses; empty if the check has a detail message.
fn observed(record: &CheckRecord) -> String {
    if record.shown().0 != Outcome::Pass || !record.result.detail.is_empty() {
        return String::new();
    }
    let is_informative = |value: &serde_json::Value| match value {
        serde_json::Value::Number(number) => number.as_f64() != Some(0.0),
        serde_json::Value::String(text) => !text.is_empty() && text.len() <= SEEN,
        _ => false,
    };
    let observed = record.result.observed.iter().filter(|(_, value)| is_informative(value)).take(SHOWN);
    let observed: Vec<String> =
        observed.map(|(name, value)| format!("{} {}", name.replace('_', " "), word(value))).collect();
    if observed.is_empty() { String::new() } else { format!(" ({})", observed.join(", ")) }
}

/// Appends observed values, evidence and help of a check.
pub(super) fn more(out: &mut String, record: &CheckRecord) {
    let is_fine = is_fine(record);
    for (name, value) in record.result.observed.iter().filter(|(_, value)| !value.is_null() && **value != "") {
        let expected =
            record.result.expected.get(name).filter(|expected| !is_fine && !expected.is_null() && *expected != value);
        let expected = expected.map_or_else(String::new, |expected| format!(" (expected {})", word(expected)));
        let _ = writeln!(out, "      {}: {}{expected}", name.replace('_', " "), word(value));
    }
    for evidence in record.result.evidence.iter().take(EVIDENCE) {
        let _ = writeln!(out, "      {:>6} ms {}: {}", evidence.t_ms, evidence.event, evidence.detail);
    }
    if record.result.evidence.len() > EVIDENCE {
        let _ = writeln!(out, "      and {} more", record.result.evidence.len() - EVIDENCE);
    }
    if is_fine {
        return;
    }
    if !record.result.help.text.is_empty() {
        let _ = writeln!(out, "    help: {}", record.result.help.text);
    }
    for command in &record.result.help.commands {
        let _ = writeln!(out, "      $ {command}");
    }
}

fn word(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
