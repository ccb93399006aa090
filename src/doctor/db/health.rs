//! What a service says of its health, and whether that is so.

pub mod bounded;
pub mod cheap;
pub mod harm;
pub mod truth;

use std::time::Duration;

use super::DbTarget;
use super::service::RunningService;
use crate::config::doctor::HealthSettings;
use crate::doctor::check_result::CheckResult;
use crate::doctor::http::{HttpError, Page};

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

impl DbTarget {
    /// What is claimed of health.
    ///
    /// # Errors
    /// A skip, where nothing is.
    pub fn health(&self) -> Result<HealthSettings, Box<CheckResult>> {
        self.db.health.clone().ok_or_else(|| Box::new(CheckResult::skip("no `health` is named")))
    }
}

/// Asks how a service is.
pub async fn claim(page: &Page, health: &HealthSettings) -> Claim {
    match page.get(Duration::from_millis(health.answer_within_ms)).await {
        Ok(answer) if answer.status < 400 => Claim::Healthy,
        Ok(_) | Err(HttpError::Connect(_) | HttpError::Broken(_)) => Claim::Unhealthy,
        Err(HttpError::Late(_)) => Claim::Silent,
    }
}

/// Whether the service really works: whether its `call` ends well, or else whether the database can be used as the service does it.
pub async fn works(
    target: &DbTarget,
    life: &RunningService,
    health: &HealthSettings,
) -> Result<bool, Box<CheckResult>> {
    let within = Duration::from_millis(health.answer_within_ms);
    match &target.db.call {
        Some(url) => {
            let page = life.page(target, url).await?;
            Ok(page.get(within).await.is_ok_and(|answer| answer.status < 400))
        }
        None => Ok(life.base.is_usable(life.proxy.address, within).await),
    }
}
