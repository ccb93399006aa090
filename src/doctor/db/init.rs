//! What one worker alone does to an empty database: the truth that all others are held against.

pub mod idempotent;
pub mod reference;

use std::time::Duration;

use super::Site;
use super::crew::{self, Crew};
use super::dump::Dump;
use super::engine::{Base, Engine};
use crate::doctor::found::Found;

/// What one worker leaves in an empty database.
#[derive(Clone, Debug)]
pub struct Reference {
    /// What is in it then.
    pub dump: Dump,
    /// How long that took, in milliseconds.
    pub took_ms: u64,
}

impl Site {
    /// Runs one worker to its end; what is wrong with how it ended.
    ///
    /// # Errors
    /// Where it cannot be started.
    pub async fn alone(&self, base: &Base) -> Result<Vec<String>, Box<Found>> {
        let init = self.init()?;
        let crew = Crew::start(self, &[base.places(None)])?;
        let ends = crew.finish(Duration::from_millis(init.within_ms)).await;
        Ok(crew::complaints(self, &ends))
    }

    /// What one worker leaves in an empty database, and such a database. It is made once a run.
    ///
    /// # Errors
    /// A failure, where the worker fails or leaves nothing.
    pub async fn prepared(&self, engine: &Engine) -> Result<(Base, Reference), Box<Found>> {
        engine.sweep().await;
        let base = engine.scratch().await?;
        let empty = base.dump().await?;
        let start = std::time::Instant::now();
        let wrong = self.alone(&base).await?;
        if !wrong.is_empty() {
            return Found::fail(1, format!("on an empty database: {}", wrong.join("; ")))
                .remedy("run `init` by hand on an empty database, and see", &[])
                .early();
        }
        let dump = base.dump().await.map_err(|found| {
            let said = format!("`init` ended well, and the database is gone, or is none any more: {}", found.detail);
            Box::new(Found::fail(1, said).remedy("run `init` by hand on an empty database, and see", &[]))
        })?;
        if dump == empty {
            return Found::fail(1, "`init` ended well, and left nothing in the database")
                .remedy("give `init` the database by `{dsn}`, or by its parts `{host}`, `{port}`, `{user}`, `{password}` and `{database}`", &[])
                .early();
        }
        let reference = Reference { dump, took_ms: crate::doctor::log::millis(start.elapsed()) };
        self.known.borrow_mut().reference = Some(reference.clone());
        Ok((base, reference))
    }

    /// What one worker leaves in an empty database, for checks of something else.
    ///
    /// # Errors
    /// Where that is not known.
    pub async fn reference(&self, engine: &Engine) -> Result<Reference, Box<Found>> {
        if let Some(reference) = self.known.borrow().reference.clone() {
            return Ok(reference);
        }
        if let Some(failed) = self.known.borrow().failed.clone() {
            return failed.early();
        }
        let prepared = self.prepared(engine).await.map_err(|found| {
            if found.outcome != crate::doctor::Outcome::Fail {
                return found;
            }
            // What is known to fail is not tried again by each check.
            let failed = Found::error(format!("one worker alone does not do it: {}", found.detail));
            self.known.borrow_mut().failed = Some(failed.clone());
            Box::new(failed)
        });
        prepared.map(|(_, reference)| reference)
    }
}
