//! Initialization of an empty database by a single worker: the reference for the other checks.

pub mod idempotent;
pub mod reference;

use std::time::Duration;

use super::DbTarget;
use super::dump::Dump;
use super::engine::{DatabaseEngine, ScratchDatabase};
use super::workers::{self, Workers};
use crate::doctor::check_result::CheckResult;

/// Result of a single worker on an empty database.
#[derive(Clone, Debug)]
pub struct Reference {
    pub dump: Dump,
    pub took_ms: u64,
}

impl DbTarget {
    /// Runs one worker to its end and describes its problems, one string each.
    pub async fn run_single_worker(&self, base: &ScratchDatabase) -> Result<Vec<String>, Box<CheckResult>> {
        let init = self.init()?;
        let workers = Workers::start(self, &[base.places(None)])?;
        let ends = workers.finish(Duration::from_millis(init.within_ms)).await;
        Ok(workers::worker_errors(self, &ends))
    }

    /// Initializes a new scratch database with a single worker, and stores the result as the reference of the run.
    ///
    /// # Errors
    /// Returns a failure if the worker fails or leaves the database empty.
    pub async fn prepared(&self, engine: &DatabaseEngine) -> Result<(ScratchDatabase, Reference), Box<CheckResult>> {
        engine.sweep().await;
        let base = engine.scratch().await?;
        let empty = base.dump().await?;
        let start = std::time::Instant::now();
        let wrong = self.run_single_worker(&base).await?;
        if !wrong.is_empty() {
            return CheckResult::fail(1, format!("on an empty database: {}", wrong.join("; ")))
                .help("run `init` by hand on an empty database and fix its error", &[])
                .stop();
        }
        let dump = base.dump().await.map_err(|found| {
            let message = format!("`init` succeeded, but the database is missing or not readable: {}", found.detail);
            Box::new(
                CheckResult::fail(1, message).help("run `init` by hand on an empty database and fix its error", &[]),
            )
        })?;
        if dump == empty {
            return CheckResult::fail(1, "`init` succeeded, but left the database empty")
                .help("pass the database to `init` as `{dsn}`, or as `{host}`, `{port}`, `{user}`, `{password}` and `{database}`", &[])
                .stop();
        }
        let reference = Reference { dump, took_ms: crate::doctor::log::millis(start.elapsed()) };
        self.known.borrow_mut().reference = Some(reference.clone());
        Ok((base, reference))
    }

    /// Returns the reference of the run, and creates it if it does not exist yet.
    ///
    /// # Errors
    /// Returns an error if the reference cannot be created.
    pub async fn reference(&self, engine: &DatabaseEngine) -> Result<Reference, Box<CheckResult>> {
        if let Some(reference) = self.known.borrow().reference.clone() {
            return Ok(reference);
        }
        if let Some(failed) = self.known.borrow().failed.clone() {
            return failed.stop();
        }
        let prepared = self.prepared(engine).await.map_err(|found| {
            if found.outcome != crate::doctor::Outcome::Fail {
                return found;
            }
            // The failure is stored, so that later checks do not try again.
            let failed =
                CheckResult::error(format!("a single worker cannot initialize the database: {}", found.detail));
            self.known.borrow_mut().failed = Some(failed.clone());
            Box::new(failed)
        });
        prepared.map(|(_, reference)| reference)
    }
}
