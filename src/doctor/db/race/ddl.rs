//! Check: workers are released after they found the database empty, and before they create objects.

use tokio_postgres::Client;

use super::super::engine::{DatabaseEngine, ScratchDatabase};
use super::super::lock::Queue;
use super::super::postgres::{PostgresScratch, locks, within};
use super::super::workers::Workers;
use super::super::{DbTarget, HARM, OPENS};
use super::Round;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};

/// Skip message for engines without this gate.
pub const NO_CATALOG: &str = "only PostgreSQL has a catalog that can be locked";

pub const CHECK: Check = Check {
    id: "db.race.ddl",
    claim: "workers that find the database empty at the same time initialize it like a single worker",
    method: "Locks `pg_class` so that it can be read but no object can be created, starts `workers` processes of `init`, waits until each of them waits, and releases the lock: workers that took no lock before checking the database conflict. Fails for the reasons of `db.race.start`. Inconclusive if no worker waits or some have ended.",
    side_effects: OPENS,
    risk: HARM,
    deadline_ms: 300_000,
};

pub fn run(target: DbTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

async fn check(target: DbTarget) -> CheckVerdict {
    target.gate("ddl")?;
    target.init()?;
    let engine = target.engine().await?;
    if !matches!(engine, DatabaseEngine::Postgres(_)) {
        return CheckResult::skip(NO_CATALOG).stop();
    }
    let reference = target.reference(&engine).await?;
    let mut rounds = Vec::new();
    for _ in 0..target.rounds() {
        let round = round(&target, &engine, &reference).await?;
        target.keep(&mut rounds, round);
    }
    target.verdict(
        &rounds,
        "take a lock before checking whether the database is initialized, and check after the lock is acquired",
    )
}

/// Runs one round, and stores the locks observed while the gate is closed.
///
/// # Errors
/// Returns a skip if the gate is not available.
pub async fn round(
    target: &DbTarget,
    engine: &DatabaseEngine,
    reference: &super::super::init::Reference,
) -> Result<Round, Box<CheckResult>> {
    let base = engine.scratch().await?;
    let gate = DdlGate::close(&base).await?;
    let mut workers = Workers::start(target, &target.same(&base.places(None)))?;
    let gathered = workers.wait_at_gate(async || Ok(gate.queue().await?.waiting())).await?;
    let queue = gate.queue().await?;
    target.known.borrow_mut().queues.push(queue);
    gate.open().await?;
    let wrong = target.judged(workers, &base, reference).await?;
    target.known.borrow_mut().collided |= !wrong.is_empty();
    Ok(Round { wrong, gathered: Some(gathered) })
}

/// Gate that consists of a table lock. A lock on `pg_class` holds workers that create objects.
#[derive(Debug)]
pub struct DdlGate {
    holder: Client,
    monitor: Client,
}

impl DdlGate {
    /// Closes the gate for workers that create objects.
    ///
    /// # Errors
    /// Returns a skip if the engine is not PostgreSQL or the user may not lock the catalog.
    pub async fn close(base: &ScratchDatabase) -> Result<Self, Box<CheckResult>> {
        let ScratchDatabase::Postgres(scratch) = base else {
            return CheckResult::skip(NO_CATALOG).stop();
        };
        Self::close_in(scratch, "LOCK TABLE pg_catalog.pg_class IN SHARE MODE").await
    }

    /// Closes a gate with the lock statement `sql`.
    ///
    /// # Errors
    /// Returns a skip if the user may not lock the table (SQLSTATE 42501).
    pub async fn close_in(scratch: &PostgresScratch, sql: &str) -> Result<Self, Box<CheckResult>> {
        let to_error = |why: String| Box::new(CheckResult::error(why));
        let holder = scratch.connect().await.map_err(to_error)?;
        let monitor = scratch.connect().await.map_err(to_error)?;
        match within(holder.batch_execute(&format!("BEGIN; {sql}"))).await {
            Ok(()) => Ok(Self { holder, monitor }),
            Err(refusal) if refusal.state.as_deref() == Some("42501") => {
                CheckResult::skip(format!("the user in `admin` may not lock the table: {}", refusal.why)).stop()
            }
            Err(refusal) => CheckResult::error(refusal.why).stop(),
        }
    }

    /// Returns the locks of the workers.
    pub async fn queue(&self) -> Result<Queue, Box<CheckResult>> {
        let locks = locks(&self.monitor).await.map_err(|why| Box::new(CheckResult::error(why)))?;
        Ok(Queue { locks })
    }

    /// Returns a connection that takes no locks.
    pub fn monitor(&self) -> &Client {
        &self.monitor
    }

    /// Opens the gate.
    pub async fn open(self) -> Result<(), Box<CheckResult>> {
        within(self.holder.batch_execute("ROLLBACK")).await.map_err(|refusal| Box::new(CheckResult::error(refusal.why)))
    }
}
