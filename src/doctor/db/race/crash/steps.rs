//! Kills a worker after each step that other connections can see, and lets other workers finish.
//!
//! Work in one transaction has no such step. Work in several transactions is safe only if each of them can be repeated.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::super::super::DbTarget;
use super::super::super::dump::{Dump, named};
use super::super::super::engine::{DatabaseEngine, ScratchDatabase};
use super::super::super::init::Reference;
use super::super::super::workers::Workers;
use super::super::proxy::barrier;
use super::SLICE;
use crate::doctor::check_result::CheckResult;
use crate::doctor::fault::FaultMode;
use crate::doctor::program::Running;

/// Maximum number of steps after which a worker is killed.
const MOST: usize = 6;
/// The same with `--quick`.
const MOST_QUICK: usize = 2;
/// Time after which no further round starts.
const BUDGET: Duration = Duration::from_secs(45);
/// Maximum run time of a worker in a round.
const LONGEST: Duration = Duration::from_secs(20);
/// Maximum time to wait for a running statement.
const ANSWER: Duration = Duration::from_millis(500);
/// Interval between polls of a worker or the database.
const POLL: Duration = Duration::from_millis(2);

/// Result of all rounds.
#[derive(Debug, Default)]
pub(super) struct Steps {
    /// Number of steps after which a worker was killed.
    pub killed: usize,
    /// Problems of the first round in which the others did not finish.
    pub wrong: Option<String>,
    /// Whether there may be more steps.
    pub more: bool,
}

/// Database states that were already observed.
struct KnownSteps<'a> {
    empty: Dump,
    reference: &'a Dump,
    seen: Vec<Dump>,
    /// Number of messages of the worker that lead only to known states.
    messages: usize,
}

impl KnownSteps<'_> {
    fn is_new(&self, state: &Dump) -> bool {
        *state != self.empty && state != self.reference && !self.seen.contains(state)
    }
}

/// Kills one worker after each step, each on its own database.
///
/// # Errors
/// Returns an error if a worker cannot be started or the database cannot be read.
pub(super) async fn run(
    target: &DbTarget,
    engine: &DatabaseEngine,
    reference: &Reference,
) -> Result<Steps, Box<CheckResult>> {
    let most = if target.quick { MOST_QUICK } else { MOST };
    let start = Instant::now();
    let mut steps = Steps::default();
    let mut known = KnownSteps {
        empty: engine.scratch().await?.dump().await?,
        reference: &reference.dump,
        seen: Vec::new(),
        messages: 0,
    };
    loop {
        let base = engine.scratch().await?;
        let state = match &base {
            ScratchDatabase::Sqlite(_) => in_file(target, &base, &known).await?,
            _ => on_server(target, &base, &mut known).await?,
        };
        let Some(state) = state else { return Ok(steps) };
        if known.seen.len() == most || start.elapsed() > BUDGET {
            return Ok(Steps { more: true, ..steps });
        }
        let left = named(&known.empty.differences(&state));
        known.seen.push(state);
        steps.killed += 1;
        let others = vec![base.places(None); target.workers().saturating_sub(1).max(1)];
        let wrong = target.judged(Workers::start(target, &others)?, &base, reference).await?;
        let result = if wrong.is_empty() { "the others finished".to_owned() } else { named(&wrong) };
        target.log.record("kill", format!("after step {} ({left}): {result}", steps.killed));
        if !wrong.is_empty() {
            steps.wrong = Some(format!("killed after step {} ({left}): {}", steps.killed, named(&wrong)));
            return Ok(steps);
        }
    }
}

/// Forwards the messages of a worker one by one until other connections see a new state, and then kills it.
async fn on_server(
    target: &DbTarget,
    base: &ScratchDatabase,
    known: &mut KnownSteps<'_>,
) -> Result<Option<Dump>, Box<CheckResult>> {
    let proxies = barrier(base, 1).await?;
    let Some(proxy) = proxies.first() else { return Ok(None) };
    let mut workers = Workers::start(target, &[base.places(Some(proxy.address))])?;
    let Some(worker) = workers.workers.first_mut() else { return Ok(None) };
    let start = Instant::now();
    let mut messages = known.messages;
    loop {
        proxy.request_mode(FaultMode::HoldAfter(messages));
        while proxy.count() <= messages {
            if !worker.is_alive() || start.elapsed() > LONGEST {
                kill(worker).await;
                return Ok(None);
            }
            sleep(POLL).await;
        }
        if is_at_rest(base).await?
            && let Ok(state) = base.dump().await
            && known.is_new(&state)
        {
            known.messages = messages;
            kill(worker).await;
            proxy.cut();
            return Ok(Some(state));
        }
        messages += 1;
    }
}

/// Returns whether no statement runs and no transaction is open, after waiting up to 500 ms for that.
async fn is_at_rest(base: &ScratchDatabase) -> Result<bool, Box<CheckResult>> {
    let start = Instant::now();
    loop {
        let is_at_rest = base.is_at_rest().await?;
        if is_at_rest || start.elapsed() > ANSWER {
            return Ok(is_at_rest);
        }
        sleep(POLL).await;
    }
}

/// Runs a worker in time slices until a new state is visible in the file, and then kills it.
async fn in_file(
    target: &DbTarget,
    base: &ScratchDatabase,
    known: &KnownSteps<'_>,
) -> Result<Option<Dump>, Box<CheckResult>> {
    let ScratchDatabase::Sqlite(file) = base else { return Ok(None) };
    let mut workers = Workers::start(target, &[base.places(None)])?;
    let Some(worker) = workers.workers.first_mut() else { return Ok(None) };
    let start = Instant::now();
    loop {
        worker.freeze(false);
        sleep(SLICE).await;
        worker.freeze(true);
        let is_alive = worker.is_alive();
        if is_alive
            && file.writer().is_none()
            && let Ok(state) = base.dump().await
            && known.is_new(&state)
        {
            kill(worker).await;
            return Ok(Some(state));
        }
        if !is_alive || start.elapsed() > LONGEST {
            kill(worker).await;
            return Ok(None);
        }
    }
}

/// Kills a worker and waits up to 5 s for its end.
async fn kill(worker: &mut Running) {
    worker.kill();
    let _ = worker.ended(Duration::from_secs(5)).await;
}
