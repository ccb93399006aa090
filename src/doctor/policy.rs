//! What counts: a skip that is required not to be one fails, and what is suppressed, with a reason and a date, does not count.

use chrono::{DateTime, NaiveDate, Utc};

use super::check_result::CheckResult;
use super::matches_selector;
use super::record::{CheckRecord, Outcome, Suppressed};
use crate::config::doctor::Suppress;

/// Makes failures of the skips of required checks.
pub fn fail_required_skips(records: &mut [CheckRecord], required: &[String]) {
    let is_required = |record: &CheckRecord| required.iter().any(|glob| matches_selector(glob, record.id));
    for record in records.iter_mut().filter(|record| record.found.outcome == Outcome::Skip && is_required(record)) {
        record.found.outcome = Outcome::Fail;
        record.found.detail = format!("`doctor.require` asks for it, and it was skipped: {}", record.found.detail);
    }
}

/// The required checks that no subject was there for, each as a failure.
pub fn missing_required(
    records: &[CheckRecord],
    required: &[String],
    globs: &[String],
    now: DateTime<Utc>,
) -> Vec<CheckRecord> {
    let asked = |id: &str| globs.is_empty() || globs.iter().any(|glob| matches_selector(glob, id));
    let wanted = |id: &str| required.iter().any(|glob| matches_selector(glob, id)) && asked(id);
    let checks = super::checks().into_iter().filter(|check| wanted(check.id));
    let checks = checks.filter(|check| !records.iter().any(|record| record.id == check.id));
    let record = |check: &'static super::Check| CheckRecord {
        id: check.id,
        target: "none".to_owned(),
        claim: check.claim,
        found: CheckResult::new(Outcome::Fail, 0)
            .detail("`doctor.require` asks for it, and there is no subject for it")
            .help("name a subject in `phx.toml`", &[]),
        started: now,
        duration_ms: 0,
        deadline_ms: check.deadline_ms,
        suppressed: None,
    };
    checks.map(record).collect()
}

/// Takes out of the count what is suppressed on this day. Returns what is to be said of suppressions that are of no use any more.
pub fn suppress(records: &mut [CheckRecord], suppressions: &[Suppress], today: NaiveDate) -> Vec<String> {
    let mut notes = Vec::new();
    for suppression in suppressions {
        let Suppress { id, target, reason, until } = suppression;
        let meant = |record: &&mut CheckRecord| {
            matches_selector(id, record.id) && target.as_ref().is_none_or(|target| *target == record.target)
        };
        let mut meant: Vec<&mut CheckRecord> = records.iter_mut().filter(meant).collect();
        if meant.is_empty() {
            continue;
        }
        let is_bad =
            |record: &CheckRecord| matches!(record.found.outcome, Outcome::Fail | Outcome::Warn | Outcome::Error);
        if today > *until {
            notes.push(format!(
                "the suppression of `{id}` ended on {until}, so it counts again; renew it or take it away"
            ));
        } else if !meant.iter().any(|record| is_bad(record)) {
            notes.push(format!("the suppression of `{id}` suppresses nothing; take it away"));
        } else {
            for record in meant.iter_mut().filter(|record| is_bad(record)) {
                record.suppressed = Some(Suppressed { reason: reason.clone(), until: *until });
            }
        }
    }
    notes
}
