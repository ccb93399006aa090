//! Policy of the configuration: `doctor.require` turns skips into failures, `doctor.suppress` excludes results until a
//! date.

use chrono::{DateTime, NaiveDate, Utc};

use super::check_result::CheckResult;
use super::matches_selector;
use super::record::{CheckRecord, Outcome, Suppressed};
use crate::config::doctor::Suppress;

/// Turns skipped results of required checks into failures.
pub fn fail_required_skips(records: &mut [CheckRecord], required: &[String]) {
    let is_required = |record: &CheckRecord| required.iter().any(|glob| matches_selector(glob, record.id));
    for record in records.iter_mut().filter(|record| record.result.outcome == Outcome::Skip && is_required(record)) {
        record.result.outcome = Outcome::Fail;
        record.result.detail = format!("required by `doctor.require`, but skipped: {}", record.result.detail);
    }
}

/// Returns a failure for each selected, required check that ran on no target.
pub fn missing_required(
    records: &[CheckRecord],
    required: &[String],
    globs: &[String],
    now: DateTime<Utc>,
) -> Vec<CheckRecord> {
    let is_selected = |id: &str| globs.is_empty() || globs.iter().any(|glob| matches_selector(glob, id));
    let is_required = |id: &str| required.iter().any(|glob| matches_selector(glob, id)) && is_selected(id);
    let checks = super::checks().into_iter().filter(|check| is_required(check.id));
    let checks = checks.filter(|check| !records.iter().any(|record| record.id == check.id));
    let record = |check: &'static super::Check| CheckRecord {
        id: check.id,
        target: "none".to_owned(),
        claim: check.claim,
        result: CheckResult::new(Outcome::Fail, 0)
            .detail("required by `doctor.require`, but no target is configured for it")
            .help("add a target to `phx.toml`", &[]),
        started: now,
        duration_ms: 0,
        deadline_ms: check.deadline_ms,
        suppressed: None,
    };
    checks.map(record).collect()
}

/// Marks the results that are suppressed on `today`. Returns a notice for each suppression that has expired or has no
/// effect.
pub fn suppress(records: &mut [CheckRecord], suppressions: &[Suppress], today: NaiveDate) -> Vec<String> {
    let mut notes = Vec::new();
    for suppression in suppressions {
        let Suppress { id, target, reason, until } = suppression;
        let matches = |record: &&mut CheckRecord| {
            matches_selector(id, record.id) && target.as_ref().is_none_or(|target| *target == record.target)
        };
        let mut suppressed: Vec<&mut CheckRecord> = records.iter_mut().filter(matches).collect();
        if suppressed.is_empty() {
            continue;
        }
        let is_bad =
            |record: &CheckRecord| matches!(record.result.outcome, Outcome::Fail | Outcome::Warn | Outcome::Error);
        if today > *until {
            notes.push(format!("the suppression of `{id}` expired on {until}; renew or remove it"));
        } else if !suppressed.iter().any(|record| is_bad(record)) {
            notes.push(format!("the suppression of `{id}` has no effect; remove it"));
        } else {
            for record in suppressed.iter_mut().filter(|record| is_bad(record)) {
                record.suppressed = Some(Suppressed { reason: reason.clone(), until: *until });
            }
        }
    }
    notes
}
