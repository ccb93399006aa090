//! A service that lives on a scratch database, with a proxy between them.

use std::time::Duration;

use super::DbTarget;
use super::engine::ScratchDatabase;
use crate::doctor::check_result::CheckResult;
use crate::doctor::fault::{FaultMode, Upstream};
use crate::doctor::http::Page;
use crate::doctor::program::{self, Placeholders, Running};

/// How long a page that is no question of time may take.
const ANSWER: Duration = Duration::from_secs(5);

/// A service at work.
#[derive(Debug)]
pub struct RunningService {
    /// The service; first, so that it goes before its database.
    pub running: Running,
    /// What stands between the service and its database.
    pub proxy: Upstream,
    /// Its database.
    pub base: ScratchDatabase,
    places: Placeholders,
}

impl DbTarget {
    /// A scratch database, prepared by `init` where there is one, and the way of a service to it.
    ///
    /// # Errors
    /// A skip, where no service is named, or it cannot be held off its database.
    pub async fn prepare_database(
        &self,
        prepared: bool,
    ) -> Result<(ScratchDatabase, Upstream, Placeholders), Box<CheckResult>> {
        if self.db.serve.is_none() {
            return CheckResult::skip("no `serve` is named: no service lives on the database").stop();
        }
        let engine = self.engine().await?;
        let base = engine.scratch().await?;
        let Some(behind) = base.behind() else {
            return CheckResult::skip("a file has no connection that could fail").stop();
        };
        if prepared && self.db.init.is_some() {
            let wrong = self.run_single_worker(&base).await?;
            if !wrong.is_empty() {
                return CheckResult::error(format!("the database cannot be prepared: {}", wrong.join("; "))).stop();
            }
        }
        let broken = |error: std::io::Error| Box::new(CheckResult::error(format!("nothing can listen here: {error}")));
        let proxy = Upstream::local(behind).map_err(broken)?;
        let places = base.places(Some(proxy.address)).with("listen", program::free_port().map_err(broken)?.to_string());
        Ok((base, proxy, places))
    }

    /// A service at work on a database that is prepared.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn life(&self) -> Result<RunningService, Box<CheckResult>> {
        let (base, proxy, places) = self.prepare_database(true).await?;
        let Some(serve) = &self.db.serve else { return CheckResult::skip("no `serve` is named").stop() };
        let running = program::serve(serve, &places, &self.allow).await;
        let running =
            running.map_err(|why| Box::new(CheckResult::error(why).help("correct `serve` of this subject", &[])))?;
        let life = RunningService { running, proxy, base, places };
        self.wait_until_ready(&life).await?;
        Ok(life)
    }

    /// A service that is started while its database is not to be had, in one way or another.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn start_before_database(
        &self,
        prepared: bool,
        mode: FaultMode,
    ) -> Result<RunningService, Box<CheckResult>> {
        let (base, proxy, places) = self.prepare_database(prepared).await?;
        proxy.set(mode).await;
        let Some(serve) = &self.db.serve else { return CheckResult::skip("no `serve` is named").stop() };
        let running = Running::start(&serve.command, &serve.env, &places);
        let running =
            running.map_err(|why| Box::new(CheckResult::error(why).help("correct `serve` of this subject", &[])))?;
        Ok(RunningService { running, proxy, base, places })
    }

    /// Waits until a service answers where it says what it does.
    async fn wait_until_ready(&self, life: &RunningService) -> Result<(), Box<CheckResult>> {
        let health = self.db.health.as_ref().map(|health| &health.url);
        let Some(url) = self.db.call.as_ref().or(health) else { return Ok(()) };
        let page = life.page(self, url).await?;
        let within = Duration::from_millis(self.db.serve.as_ref().map_or(0, |serve| serve.within_ms));
        let is_well = async || page.get(ANSWER).await.is_ok_and(|answer| answer.status < 400);
        if program::until(within, Duration::from_millis(50), is_well).await {
            return Ok(());
        }
        CheckResult::error(format!(
            "`{url}` does not answer well while all is well; {}",
            life.running.last_output_line()
        ))
        .help("correct `serve`, or the page", &[])
        .stop()
    }

    /// The page that needs the database.
    ///
    /// # Errors
    /// A skip, where none is named.
    pub async fn call(&self, life: &RunningService) -> Result<Page, Box<CheckResult>> {
        match &self.db.call {
            Some(url) => life.page(self, url).await,
            None => {
                CheckResult::skip("no `call` is named: nothing of the service is known to need the database").stop()
            }
        }
    }
}

impl RunningService {
    /// A page of the service.
    ///
    /// # Errors
    /// Why it may not be asked.
    pub async fn page(&self, target: &DbTarget, url: &str) -> Result<Page, Box<CheckResult>> {
        let page = Page::find(&self.places.fill(url), &target.allow, None).await;
        page.map_err(|why| {
            Box::new(
                CheckResult::error(why).help("if it may be connected to, say so: `[doctor] allow_hosts = […]`", &[]),
            )
        })
    }
}
