//! What a service says of its health, and whether that is so.

pub mod bounded;
pub mod cheap;
pub mod harm;
pub mod truth;

use std::time::Duration;

use super::Site;
use super::life::Life;
use crate::config::doctor::Health;
use crate::doctor::found::Found;
use crate::doctor::http::{Failed, Page};

/// What a service says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// That it is well.
    Healthy,
    /// That it is not.
    Unhealthy,
    /// Nothing in time.
    Silent,
}

impl Claim {
    /// As a result shows it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
            Self::Silent => "no answer",
        }
    }
}

impl Site {
    /// What is claimed of health.
    ///
    /// # Errors
    /// A skip, where nothing is.
    pub fn health(&self) -> Result<Health, Box<Found>> {
        self.db.health.clone().ok_or_else(|| Box::new(Found::skip("no `health` is named")))
    }
}

/// Asks how a service is.
pub async fn claim(page: &Page, health: &Health) -> Claim {
    match page.get(Duration::from_millis(health.answer_within_ms)).await {
        Ok(answer) if answer.status < 400 => Claim::Healthy,
        Ok(_) | Err(Failed::Connect(_) | Failed::Broken(_)) => Claim::Unhealthy,
        Err(Failed::Late(_)) => Claim::Silent,
    }
}

/// Whether the service really works: whether its `call` ends well, or else whether the database can be used as the service does it.
pub async fn works(site: &Site, life: &Life, health: &Health) -> Result<bool, Box<Found>> {
    let within = Duration::from_millis(health.answer_within_ms);
    match &site.db.call {
        Some(url) => {
            let page = life.page(site, url).await?;
            Ok(page.get(within).await.is_ok_and(|answer| answer.status < 400))
        }
        None => Ok(life.base.is_usable(life.proxy.address, within).await),
    }
}
