//! Many workers prepare one empty database. Gates hold them until they all stand at the same place, so that what goes wrong once in a
//! hundred deployments goes wrong now; and a race that did not take place is no success.

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

/// How long a lock may outlive those who held it.
const LOCK_RELEASE_GRACE: Duration = Duration::from_secs(2);

/// What a round came to.
#[derive(Debug, Default)]
pub struct Round {
    /// What is wrong, a sentence each.
    pub wrong: Vec<String>,
    /// What was seen before the gate opened; nothing where there was none.
    pub gathered: Option<GateState>,
}

impl DbTarget {
    /// The same places for each worker.
    pub fn same(&self, places: &Placeholders) -> Vec<Placeholders> {
        vec![places.clone(); self.workers()]
    }

    /// Waits for the workers of a round, and compares what they leave with what one leaves alone.
    ///
    /// # Errors
    /// Where that cannot be told.
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
            wrong.push(format!("the database counted {deadlocks} deadlocks"));
        }
        wrong.extend(left(base).await?);
        Ok(wrong)
    }

    /// Keeps what a round came to.
    pub fn keep(&self, rounds: &mut Vec<Round>, round: Round) {
        let workers = self.workers();
        let seen = round.gathered.map_or_else(String::new, |GateState { arrived, alive }| {
            format!("{arrived} of {workers} at the gate, {alive} alive; ")
        });
        let said = if round.wrong.is_empty() { "all is as it should be".to_owned() } else { named(&round.wrong) };
        rounds.push(round);
        self.log.note("round", format!("{}: {seen}{said}", rounds.len()));
    }

    /// The result of all rounds.
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
                format!("in {bad} of {} rounds; in the first of them: {}", rounds.len(), named(&round.wrong)),
            )
            .help(help, &[])
        } else if let Some(GateState { arrived, alive }) = weak.and_then(|round| round.gathered) {
            let wrong = weak
                .filter(|round| !round.wrong.is_empty())
                .map_or_else(String::new, |round| format!("; {}", named(&round.wrong)));
            CheckResult::error(format!("the race did not take place: {arrived} of {workers} workers arrived at the gate, and {alive} were alive{wrong}"))
                .help("workers must use `{dsn}` or `{path}`, and wait for a lock (SQLite: a busy timeout) instead of ending", &[])
        } else {
            CheckResult::pass(count)
        };
        let found = if outside > 0 {
            found.observed("serialised", "outside the database").evidence(
                "power",
                format!("in {outside} of {} rounds one worker alone came to the database: something outside of it lets one work at a time", rounds.len()),
            )
        } else {
            found
        };
        let least = rounds.iter().filter_map(|round| round.gathered).map(|seen| seen.arrived).min();
        let power = match least {
            None => json!("low: nothing held the workers"),
            Some(least) if least >= workers => json!("full"),
            Some(least) => json!(format!("{least} of {workers}")),
        };
        Ok(found
            .control("one worker alone ends well", Outcome::Pass)
            .attempts(count)
            .observed("rounds", count)
            .observed("rounds_wrong", bad as u64)
            .observed("power", power)
            .expected("rounds_wrong", 0))
    }
}

/// Whether a round proves nothing.
fn is_weak(round: &Round, workers: usize) -> bool {
    round.gathered.is_some_and(|seen| seen.alive < workers || seen.arrived == 0)
}

/// What is still held when all have ended, after a while.
///
/// # Errors
/// Where that cannot be told.
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
