//! Workers that have seen an empty database, and are about to create.

use tokio_postgres::Client;

use super::super::crew::Crew;
use super::super::engine::{Base, Engine};
use super::super::lock::Queue;
use super::super::postgres::{Scratch, locks, within};
use super::super::{HARM, OPENS, Site};
use super::Round;
use crate::doctor::Check;
use crate::doctor::found::{Found, Looking, Verdict, looking};

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
pub fn look(site: Site) -> Looking {
    looking(async move { run(site).await })
}

async fn run(site: Site) -> Verdict {
    site.gate("ddl")?;
    site.init()?;
    let engine = site.engine().await?;
    if !matches!(engine, Engine::Postgres(_)) {
        return Found::skip(NO_CATALOG).early();
    }
    let reference = site.reference(&engine).await?;
    let mut rounds = Vec::new();
    for _ in 0..site.rounds() {
        let round = round(&site, &engine, &reference).await?;
        site.keep(&mut rounds, round);
    }
    site.verdict(&rounds, "take a lock before looking whether there is something to do, and look again behind it")
}

/// A round with a closed gate, and who waited for what is kept.
///
/// # Errors
/// Where there is no such gate.
pub async fn round(
    site: &Site,
    engine: &Engine,
    reference: &super::super::init::Reference,
) -> Result<Round, Box<Found>> {
    let base = engine.scratch().await?;
    let gate = Gate::close(&base).await?;
    let mut crew = Crew::start(site, &site.same(&base.places(None)))?;
    let gathered = crew.gather(async || Ok(gate.queue().await?.waiting())).await?;
    let queue = gate.queue().await?;
    site.known.borrow_mut().queues.push(queue);
    gate.open().await?;
    let wrong = site.judged(crew, &base, reference).await?;
    site.known.borrow_mut().collided |= !wrong.is_empty();
    Ok(Round { wrong, gathered: Some(gathered) })
}

/// A lock on the catalog of a database: whoever creates waits.
#[derive(Debug)]
pub struct Gate {
    holder: Client,
    monitor: Client,
}

impl Gate {
    /// Takes the lock.
    ///
    /// # Errors
    /// A skip, where that is not possible.
    pub async fn close(base: &Base) -> Result<Self, Box<Found>> {
        let Base::Postgres(scratch) = base else {
            return Found::skip(NO_CATALOG).early();
        };
        Self::close_in(scratch, "LOCK TABLE pg_catalog.pg_class IN SHARE MODE").await
    }

    /// Takes a lock by a statement.
    ///
    /// # Errors
    /// A skip, where the one who connects may not.
    pub async fn close_in(scratch: &Scratch, sql: &str) -> Result<Self, Box<Found>> {
        let broken = |why: String| Box::new(Found::error(why));
        let holder = scratch.connect().await.map_err(broken)?;
        let monitor = scratch.connect().await.map_err(broken)?;
        match within(holder.batch_execute(&format!("BEGIN; {sql}"))).await {
            Ok(()) => Ok(Self { holder, monitor }),
            Err(refusal) if refusal.state.as_deref() == Some("42501") => {
                Found::skip(format!("`admin` may not lock: {}", refusal.why)).early()
            }
            Err(refusal) => Found::error(refusal.why).early(),
        }
    }

    /// Who waits for what.
    ///
    /// # Errors
    /// Where that cannot be told.
    pub async fn queue(&self) -> Result<Queue, Box<Found>> {
        let locks = locks(&self.monitor).await.map_err(|why| Box::new(Found::error(why)))?;
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
    pub async fn open(self) -> Result<(), Box<Found>> {
        within(self.holder.batch_execute("ROLLBACK")).await.map_err(|refusal| Box::new(Found::error(refusal.why)))
    }
}
