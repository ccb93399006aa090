//! Race checks: several workers initialize one empty database. Gates release all workers at the same point, so that
//! rare races reproduce. A round in which the workers do not overlap is inconclusive.

pub mod crash;
pub mod ddl;
pub mod dml;
pub mod pooler;
pub mod proxy;
pub mod start;

use std::time::Duration;

use serde_json::json;

use super::DbTarget;
use super::dump::named;
use super::engine::ScratchDatabase;
use super::init::Reference;
use super::workers::{self, GateState, Workers};
use crate::doctor::check_result::{CheckResult, CheckVerdict};
use crate::doctor::program::Placeholders;
use crate::doctor::record::Outcome;

/// Time for which a lock may outlive its worker.
const LOCK_RELEASE_GRACE: Duration = Duration::from_secs(2);

/// Result of a round.
#[derive(Debug, Default)]
pub struct Round {
    /// Problems, one description each.
    pub wrong: Vec<String>,
    /// Workers before the gate opened; `None` if there was no gate.
    pub gathered: Option<GateState>,
}

impl DbTarget {
    /// Returns the same placeholder values for each worker.
    pub fn same(&self, places: &Placeholders) -> Vec<Placeholders> {
        vec![places.clone(); self.workers()]
    }

    /// Waits for the workers of a round, and compares the database with the reference. Returns the problems, one
    /// description each.
    pub async fn judged(
        &self,
        workers: Workers,
        base: &ScratchDatabase,
        reference: &Reference,
    ) -> Result<Vec<String>, Box<CheckResult>> {
        let within = Duration::from_millis(self.init()?.within_ms);
        let ends = workers.finish(within).await;
        let mut wrong = workers::worker_errors(self, &ends);
        wrong.extend(reference.dump.differences(&base.dump().await?));
        let deadlocks = base.deadlocks().await;
        if deadlocks > 0 {
            wrong.push(format!("the server counted {deadlocks} deadlocks"));
        }
        wrong.extend(left(base).await?);
        Ok(wrong)
    }

    /// Adds the result of a round and logs it.
    pub fn keep(&self, rounds: &mut Vec<Round>, round: Round) {
        let workers = self.workers();
        let seen = round.gathered.map_or_else(String::new, |GateState { arrived, alive }| {
            format!("{arrived} of {workers} at the gate, {alive} alive; ")
        });
        let result = if round.wrong.is_empty() { "ok".to_owned() } else { named(&round.wrong) };
        rounds.push(round);
        self.log.record("round", format!("{}: {seen}{result}", rounds.len()));
    }

    /// Combines the results of all rounds; `help` is shown if one failed.
    pub fn verdict(&self, rounds: &[Round], help: &str) -> CheckVerdict {
        let workers = self.workers();
        let bad = rounds.iter().filter(|round| !round.wrong.is_empty()).count();
        let weak =
            rounds.iter().find(|round| round.gathered.is_some_and(|seen| seen.alive < workers || seen.arrived == 0));
        let outside = rounds.iter().filter(|round| round.gathered.is_some_and(|seen| seen.arrived == 1)).count();
        let first = rounds.iter().find(|round| !round.wrong.is_empty() && !is_weak(round, workers));
        let count = rounds.len() as u64;
        let found = if let Some(round) = first {
            CheckResult::fail(
                count,
                format!("{bad} of {} rounds failed; the first one: {}", rounds.len(), named(&round.wrong)),
            )
            .help(help, &[])
        } else if let Some(GateState { arrived, alive }) = weak.and_then(|round| round.gathered) {
            let wrong = weak
                .filter(|round| !round.wrong.is_empty())
                .map_or_else(String::new, |round| format!("; {}", named(&round.wrong)));
            CheckResult::error(format!("inconclusive: workers did not overlap: {arrived} of {workers} arrived at the gate, and {alive} were running{wrong}"))
                .help("let workers use `{dsn}` or `{path}`, and wait for a lock (SQLite: with a busy timeout) instead of exiting", &[])
        } else {
            CheckResult::pass(count)
        };
        let found = if outside > 0 {
            found.observed("serialised", "outside the database").evidence(
                "power",
                format!("in {outside} of {} rounds only one worker accessed the database: a mechanism outside of it serializes the workers", rounds.len()),
            )
        } else {
            found
        };
        let least = rounds.iter().filter_map(|round| round.gathered).map(|seen| seen.arrived).min();
        let power = match least {
            None => json!("low: no gate"),
            Some(least) if least >= workers => json!("full"),
            Some(least) => json!(format!("{least} of {workers}")),
        };
        Ok(found
            .control("a single worker succeeds", Outcome::Pass)
            .attempts(count)
            .observed("rounds", count)
            .observed("rounds_wrong", bad as u64)
            .observed("power", power)
            .expected("rounds_wrong", 0))
    }
}

/// Returns whether a round is inconclusive.
fn is_weak(round: &Round, workers: usize) -> bool {
    round.gathered.is_some_and(|seen| seen.alive < workers || seen.arrived == 0)
}

/// Returns the locks and connections that are left after all workers have ended and up to 2 s have passed.
pub async fn left(base: &ScratchDatabase) -> Result<Vec<String>, Box<CheckResult>> {
    let start = std::time::Instant::now();
    loop {
        let left = base.left().await?;
        if left.is_empty() || start.elapsed() > LOCK_RELEASE_GRACE {
            return Ok(left.into_iter().map(|lock| format!("left behind: {lock}")).collect());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
