//! Format `nagios`: one line of plugin output with performance data.

use super::{Color, Run};
use crate::doctor::Outcome;

pub(crate) fn render(run: &Run, _: Color) -> String {
    let word = state(run);
    let worst: Vec<&str> = run
        .records
        .iter()
        .filter(|record| record.suppressed.is_none())
        .filter(|record| matches!(record.result.outcome, Outcome::Fail | Outcome::Error | Outcome::Warn))
        .map(|record| record.id)
        .collect();
    let named = if worst.is_empty() { String::new() } else { format!(": {}", worst.join(", ")) };
    let data: Vec<String> =
        Outcome::ALL.iter().map(|outcome| format!("{}={}", outcome.name(), run.count(*outcome))).collect();
    format!("PHX {word} - {}{named} | {}\n", run.summary(), data.join(" "))
}

/// Returns the exit code of a run according to the Nagios plugin convention.
pub(crate) fn code(run: &Run) -> u8 {
    match state(run) {
        "OK" => 0,
        "WARNING" => 1,
        "CRITICAL" => 2,
        _ => 3,
    }
}

/// Returns the status word of a run.
fn state(run: &Run) -> &'static str {
    let count = |outcome| run.count(outcome);
    match (count(Outcome::Fail), count(Outcome::Error), count(Outcome::Warn), count(Outcome::Pass)) {
        (1.., ..) => "CRITICAL",
        (_, 1.., ..) | (_, _, 0, 0) => "UNKNOWN",
        (_, _, 1.., _) => "WARNING",
        _ => "OK",
    }
}
