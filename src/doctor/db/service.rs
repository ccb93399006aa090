//! A service that runs on a scratch database, with a proxy between them.

use std::time::Duration;

use super::DbTarget;
use super::engine::ScratchDatabase;
use crate::doctor::check_result::CheckResult;
use crate::doctor::fault::{FaultMode, Upstream};
use crate::doctor::http::Page;
use crate::doctor::program::{self, Placeholders, Running};

/// Timeout of a request if its duration is not measured.
const ANSWER: Duration = Duration::from_secs(5);

/// Service process with its proxy and its scratch database.
#[derive(Debug)]
pub struct RunningService {
    /// Declared first, so that the service is stopped before its database is dropped.
    pub running: Running,
    /// Proxy between the service and its database.
    pub proxy: Upstream,
    /// Database of the service.
    pub base: ScratchDatabase,
    places: Placeholders,
}

impl DbTarget {
    /// Creates a scratch database and a proxy to it. Runs `init` on the database if `prepared` is set and `init` is
    /// configured.
    ///
    /// # Errors
    /// Returns a skip if `serve` is not configured or the engine is SQLite.
    pub async fn prepare_database(
        &self,
        prepared: bool,
    ) -> Result<(ScratchDatabase, Upstream, Placeholders), Box<CheckResult>> {
        if self.db.serve.is_none() {
            return CheckResult::skip("`serve` is not configured: there is no service to verify").stop();
        }
        let engine = self.engine().await?;
        let base = engine.scratch().await?;
        let Some(behind) = base.behind() else {
            return CheckResult::skip("SQLite has no connection that can fail").stop();
        };
        if prepared && self.db.init.is_some() {
            let wrong = self.run_single_worker(&base).await?;
            if !wrong.is_empty() {
                return CheckResult::error(format!("cannot initialize the database: {}", wrong.join("; "))).stop();
            }
        }
        let to_error =
            |error: std::io::Error| Box::new(CheckResult::error(format!("cannot listen on a local port: {error}")));
        let proxy = Upstream::local(behind).map_err(to_error)?;
        let places =
            base.places(Some(proxy.address)).with("listen", program::free_port().map_err(to_error)?.to_string());
        Ok((base, proxy, places))
    }

    /// Starts the service on an initialized database and waits until it answers.
    pub async fn life(&self) -> Result<RunningService, Box<CheckResult>> {
        let (base, proxy, places) = self.prepare_database(true).await?;
        let Some(serve) = &self.db.serve else { return CheckResult::skip("`serve` is not configured").stop() };
        let running = program::serve(serve, &places, &self.allow).await;
        let running =
            running.map_err(|why| Box::new(CheckResult::error(why).help("correct `serve` of this target", &[])))?;
        let life = RunningService { running, proxy, base, places };
        self.wait_until_ready(&life).await?;
        Ok(life)
    }

    /// Starts the service while its database is unavailable: the proxy applies the fault `mode`.
    pub async fn start_before_database(
        &self,
        prepared: bool,
        mode: FaultMode,
    ) -> Result<RunningService, Box<CheckResult>> {
        let (base, proxy, places) = self.prepare_database(prepared).await?;
        proxy.set(mode).await;
        let Some(serve) = &self.db.serve else { return CheckResult::skip("`serve` is not configured").stop() };
        let running = Running::start(&serve.command, &serve.env, &places);
        let running =
            running.map_err(|why| Box::new(CheckResult::error(why).help("correct `serve` of this target", &[])))?;
        Ok(RunningService { running, proxy, base, places })
    }

    /// Waits until `call`, or else `health`, answers with a status below 400.
    async fn wait_until_ready(&self, life: &RunningService) -> Result<(), Box<CheckResult>> {
        let health = self.db.health.as_ref().map(|health| &health.url);
        let Some(url) = self.db.call.as_ref().or(health) else { return Ok(()) };
        let page = life.page(self, url).await?;
        let within = Duration::from_millis(self.db.serve.as_ref().map_or(0, |serve| serve.within_ms));
        let is_healthy = async || page.get(ANSWER).await.is_ok_and(|answer| answer.status < 400);
        if program::until(within, Duration::from_millis(50), is_healthy).await {
            return Ok(());
        }
        CheckResult::error(format!(
            "`{url}` does not succeed although the database is available; {}",
            life.running.last_output_line()
        ))
        .help("correct `serve` or the URL", &[])
        .stop()
    }

    /// Resolves `call`, the page that needs the database.
    ///
    /// # Errors
    /// Returns a skip if `call` is not configured.
    pub async fn call(&self, life: &RunningService) -> Result<Page, Box<CheckResult>> {
        match &self.db.call {
            Some(url) => life.page(self, url).await,
            None => CheckResult::skip("`call` is not configured: no page of the service is known to need the database")
                .stop(),
        }
    }
}

impl RunningService {
    /// Resolves a URL of the service.
    ///
    /// # Errors
    /// Returns an error if the host is not allowed.
    pub async fn page(&self, target: &DbTarget, url: &str) -> Result<Page, Box<CheckResult>> {
        let page = Page::resolve(&self.places.fill(url), &target.allow, None).await;
        page.map_err(|why| {
            Box::new(
                CheckResult::error(why).help("add the host to `[doctor] allow_hosts` if doctor may connect to it", &[]),
            )
        })
    }
}
