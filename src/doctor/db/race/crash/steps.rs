//! Kills a worker after each step of its work that others can see, and lets other workers finish.
//!
//! Work in one transaction has no such step. Work in several is only safe if each of them can be done again.

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

/// The most steps after which a worker is killed.
const MOST: usize = 6;
/// The same for `--quick`.
const MOST_QUICK: usize = 2;
/// After this time no other round begins.
const BUDGET: Duration = Duration::from_secs(45);
/// How long a worker may be silent, or run, until it is given up.
const LONGEST: Duration = Duration::from_secs(20);
/// How long a statement is waited for.
const ANSWER: Duration = Duration::from_millis(500);
/// How often is looked whether a worker waits.
const POLL: Duration = Duration::from_millis(2);

/// Result of all rounds.
#[derive(Debug, Default)]
pub struct Steps {
    /// After how many steps a worker was killed.
    pub killed: usize,
    /// What was wrong with the first round in which the others did not finish.
    pub wrong: Option<String>,
    /// Whether there may be more steps.
    pub more: bool,
}

/// States that were seen already.
struct KnownSteps<'a> {
    empty: Dump,
    reference: &'a Dump,
    seen: Vec<Dump>,
    /// Pieces on the wire after which nothing new is seen.
    pieces: usize,
}

impl KnownSteps<'_> {
    fn is_new(&self, state: &Dump) -> bool {
        *state != self.empty && state != self.reference && !self.seen.contains(state)
    }
}

/// Kills workers after their steps, each on a database of its own.
///
/// # Errors
/// If a worker cannot be started, or the database cannot be read.
pub async fn run(target: &DbTarget, engine: &DatabaseEngine, reference: &Reference) -> Result<Steps, Box<CheckResult>> {
    let most = if target.quick { MOST_QUICK } else { MOST };
    let start = Instant::now();
    let mut steps = Steps::default();
    let mut known = KnownSteps {
        empty: engine.scratch().await?.dump().await?,
        reference: &reference.dump,
        seen: Vec::new(),
        pieces: 0,
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
        let said = if wrong.is_empty() { "the others finish".to_owned() } else { named(&wrong) };
        target.log.note("kill", format!("after step {} ({left}): {said}", steps.killed));
        if !wrong.is_empty() {
            steps.wrong = Some(format!("killed after step {} ({left}): {}", steps.killed, named(&wrong)));
            return Ok(steps);
        }
    }
}

/// Lets a worker send piece by piece until others see a new state, and kills it then.
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
    let mut pieces = known.pieces;
    loop {
        proxy.tell(FaultMode::HoldAfter(pieces));
        while proxy.count() <= pieces {
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
            known.pieces = pieces;
            kill(worker).await;
            proxy.cut();
            return Ok(Some(state));
        }
        pieces += 1;
    }
}

/// Whether no statement runs and no transaction is open, after a moment.
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

/// Lets a worker run in slices of time until others see a new state in the file, and kills it then.
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

/// Kills a worker, and waits for its end.
async fn kill(worker: &mut Running) {
    worker.kill();
    let _ = worker.ended(Duration::from_secs(5)).await;
}
