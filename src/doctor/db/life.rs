//! A service that lives on a scratch database, with a proxy between them.

use std::time::Duration;

use super::Site;
use super::engine::Base;
use crate::doctor::fault::{Mode, Upstream};
use crate::doctor::found::Found;
use crate::doctor::http::Page;
use crate::doctor::program::{self, Places, Running};

/// How long a page that is no question of time may take.
const ANSWER: Duration = Duration::from_secs(5);

/// A service at work.
#[derive(Debug)]
pub struct Life {
    /// The service; first, so that it goes before its database.
    pub running: Running,
    /// What stands between the service and its database.
    pub proxy: Upstream,
    /// Its database.
    pub base: Base,
    places: Places,
}

impl Site {
    /// A scratch database, prepared by `init` where there is one, and the way of a service to it.
    ///
    /// # Errors
    /// A skip, where no service is named, or it cannot be held off its database.
    pub async fn ground(&self, prepared: bool) -> Result<(Base, Upstream, Places), Box<Found>> {
        if self.db.serve.is_none() {
            return Found::skip("no `serve` is named: no service lives on the database").early();
        }
        let engine = self.engine().await?;
        let base = engine.scratch().await?;
        let Some(behind) = base.behind() else {
            return Found::skip("a file has no connection that could fail").early();
        };
        if prepared && self.db.init.is_some() {
            let wrong = self.alone(&base).await?;
            if !wrong.is_empty() {
                return Found::error(format!("the database cannot be prepared: {}", wrong.join("; "))).early();
            }
        }
        let broken = |error: std::io::Error| Box::new(Found::error(format!("nothing can listen here: {error}")));
        let proxy = Upstream::local(behind).map_err(broken)?;
        let places = base.places(Some(proxy.address)).with("listen", program::free_port().map_err(broken)?.to_string());
        Ok((base, proxy, places))
    }

    /// A service at work on a database that is prepared.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn life(&self) -> Result<Life, Box<Found>> {
        let (base, proxy, places) = self.ground(true).await?;
        let Some(serve) = &self.db.serve else { return Found::skip("no `serve` is named").early() };
        let running = program::serve(serve, &places, &self.allow).await;
        let running =
            running.map_err(|why| Box::new(Found::error(why).remedy("correct `serve` of this subject", &[])))?;
        let life = Life { running, proxy, base, places };
        self.awake(&life).await?;
        Ok(life)
    }

    /// A service that is started while its database is not to be had, in one way or another.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn early_life(&self, prepared: bool, mode: Mode) -> Result<Life, Box<Found>> {
        let (base, proxy, places) = self.ground(prepared).await?;
        proxy.set(mode).await;
        let Some(serve) = &self.db.serve else { return Found::skip("no `serve` is named").early() };
        let running = Running::start(&serve.command, &serve.env, &places);
        let running =
            running.map_err(|why| Box::new(Found::error(why).remedy("correct `serve` of this subject", &[])))?;
        Ok(Life { running, proxy, base, places })
    }

    /// Waits until a service answers where it says what it does.
    async fn awake(&self, life: &Life) -> Result<(), Box<Found>> {
        let health = self.db.health.as_ref().map(|health| &health.url);
        let Some(url) = self.db.call.as_ref().or(health) else { return Ok(()) };
        let page = life.page(self, url).await?;
        let within = Duration::from_millis(self.db.serve.as_ref().map_or(0, |serve| serve.within_ms));
        let is_well = async || page.get(ANSWER).await.is_ok_and(|answer| answer.status < 400);
        if program::until(within, Duration::from_millis(50), is_well).await {
            return Ok(());
        }
        Found::error(format!("`{url}` does not answer well while all is well; {}", life.running.said_last()))
            .remedy("correct `serve`, or the page", &[])
            .early()
    }

    /// The page that needs the database.
    ///
    /// # Errors
    /// A skip, where none is named.
    pub async fn call(&self, life: &Life) -> Result<Page, Box<Found>> {
        match &self.db.call {
            Some(url) => life.page(self, url).await,
            None => Found::skip("no `call` is named: nothing of the service is known to need the database").early(),
        }
    }
}

impl Life {
    /// A page of the service.
    ///
    /// # Errors
    /// Why it may not be asked.
    pub async fn page(&self, site: &Site, url: &str) -> Result<Page, Box<Found>> {
        let page = Page::find(&self.places.fill(url), &site.allow, None).await;
        page.map_err(|why| {
            Box::new(Found::error(why).remedy("if it may be connected to, say so: `[doctor] allow_hosts = […]`", &[]))
        })
    }
}
