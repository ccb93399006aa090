//! What one worker alone does to an empty database: the truth that all others are held against.

pub mod idempotent;
pub mod reference;

use std::time::Duration;

use super::DbTarget;
use super::dump::Dump;
use super::engine::{DatabaseEngine, ScratchDatabase};
use super::workers::{self, Workers};
use crate::doctor::check_result::CheckResult;

/// What one worker leaves in an empty database.
#[derive(Clone, Debug)]
pub struct Reference {
    /// What is in it then.
    pub dump: Dump,
    /// How long that took, in milliseconds.
    pub took_ms: u64,
}

impl DbTarget {
    /// Runs one worker to its end; what is wrong with how it ended.
    ///
    /// # Errors
    /// Where it cannot be started.
    pub async fn run_single_worker(&self, base: &ScratchDatabase) -> Result<Vec<String>, Box<CheckResult>> {
        let init = self.init()?;
        let workers = Workers::start(self, &[base.places(None)])?;
        let ends = workers.finish(Duration::from_millis(init.within_ms)).await;
        Ok(workers::worker_errors(self, &ends))
    }

    /// What one worker leaves in an empty database, and such a database. It is made once a run.
    ///
    /// # Errors
    /// A failure, where the worker fails or leaves nothing.
    pub async fn prepared(&self, engine: &DatabaseEngine) -> Result<(ScratchDatabase, Reference), Box<CheckResult>> {
        engine.sweep().await;
        let base = engine.scratch().await?;
        let empty = base.dump().await?;
        let start = std::time::Instant::now();
        let wrong = self.run_single_worker(&base).await?;
        if !wrong.is_empty() {
            return CheckResult::fail(1, format!("on an empty database: {}", wrong.join("; ")))
                .help("run `init` by hand on an empty database, and see", &[])
                .stop();
        }
        let dump = base.dump().await.map_err(|found| {
            let said = format!("`init` ended well, and the database is gone, or is none any more: {}", found.detail);
            Box::new(CheckResult::fail(1, said).help("run `init` by hand on an empty database, and see", &[]))
        })?;
        if dump == empty {
            return CheckResult::fail(1, "`init` ended well, and left nothing in the database")
                .help("give `init` the database by `{dsn}`, or by its parts `{host}`, `{port}`, `{user}`, `{password}` and `{database}`", &[])
                .stop();
        }
        let reference = Reference { dump, took_ms: crate::doctor::log::millis(start.elapsed()) };
        self.known.borrow_mut().reference = Some(reference.clone());
        Ok((base, reference))
    }

    /// What one worker leaves in an empty database, for checks of something else.
    ///
    /// # Errors
    /// Where that is not known.
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
            // What is known to fail is not tried again by each check.
            let failed = CheckResult::error(format!("one worker alone does not do it: {}", found.detail));
            self.known.borrow_mut().failed = Some(failed.clone());
            Box::new(failed)
        });
        prepared.map(|(_, reference)| reference)
    }
}
