//! Workers that have seen an empty database, and are about to create.

use tokio_postgres::Client;

use super::super::engine::{DatabaseEngine, ScratchDatabase};
use super::super::lock::Queue;
use super::super::postgres::{PostgresScratch, locks, within};
use super::super::workers::Workers;
use super::super::{DbTarget, HARM, OPENS};
use super::Round;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};

/// Why there is no gate.
pub const NO_CATALOG: &str = "only PostgreSQL has a catalog that can be locked";

/// The check.
pub const CHECK: Check = Check {
    id: "db.race.ddl",
    claim: "workers that find the database empty at the same time prepare it as one alone does",
    method: "Locks `pg_class` in a way that permits looking and no creating, starts `workers` times `init`, waits until each of them waits, and lets go: all that did not lock before they looked collide. Fails as `db.race.start` does; where no worker waits, or some have ended, nothing is proven.",
    opens: OPENS,
    harm: HARM,
    deadline_ms: 300_000,
};

/// Looks.
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
    target.verdict(&rounds, "take a lock before looking whether there is something to do, and look again behind it")
}

/// A round with a closed gate, and who waited for what is kept.
///
/// # Errors
/// Where there is no such gate.
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

/// A lock on the catalog of a database: whoever creates waits.
#[derive(Debug)]
pub struct DdlGate {
    holder: Client,
    monitor: Client,
}

impl DdlGate {
    /// Takes the lock.
    ///
    /// # Errors
    /// A skip, where that is not possible.
    pub async fn close(base: &ScratchDatabase) -> Result<Self, Box<CheckResult>> {
        let ScratchDatabase::Postgres(scratch) = base else {
            return CheckResult::skip(NO_CATALOG).stop();
        };
        Self::close_in(scratch, "LOCK TABLE pg_catalog.pg_class IN SHARE MODE").await
    }

    /// Takes a lock by a statement.
    ///
    /// # Errors
    /// A skip, where the one who connects may not.
    pub async fn close_in(scratch: &PostgresScratch, sql: &str) -> Result<Self, Box<CheckResult>> {
        let broken = |why: String| Box::new(CheckResult::error(why));
        let holder = scratch.connect().await.map_err(broken)?;
        let monitor = scratch.connect().await.map_err(broken)?;
        match within(holder.batch_execute(&format!("BEGIN; {sql}"))).await {
            Ok(()) => Ok(Self { holder, monitor }),
            Err(refusal) if refusal.state.as_deref() == Some("42501") => {
                CheckResult::skip(format!("`admin` may not lock: {}", refusal.why)).stop()
            }
            Err(refusal) => CheckResult::error(refusal.why).stop(),
        }
    }

    /// Who waits for what.
    ///
    /// # Errors
    /// Where that cannot be told.
    pub async fn queue(&self) -> Result<Queue, Box<CheckResult>> {
        let locks = locks(&self.monitor).await.map_err(|why| Box::new(CheckResult::error(why)))?;
        Ok(Queue { locks })
    }

    /// A connection that looks, and takes no lock.
    pub fn monitor(&self) -> &Client {
        &self.monitor
    }

    /// Lets go.
    ///
    /// # Errors
    /// Where that fails.
    pub async fn open(self) -> Result<(), Box<CheckResult>> {
        within(self.holder.batch_execute("ROLLBACK")).await.map_err(|refusal| Box::new(CheckResult::error(refusal.why)))
    }
}
