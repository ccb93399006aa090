//! Health checks: compare the reported health of a service with its actual state.

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

/// Health that a service reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    Healthy,
    Unhealthy,
    /// No answer within `answer_within`.
    Silent,
}

impl Claim {
    /// Returns the name that results use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
            Self::Silent => "no answer",
        }
    }
}

impl DbTarget {
    /// Returns the `health` settings.
    ///
    /// # Errors
    /// Returns a skip if `health` is not configured.
    pub fn health(&self) -> Result<HealthSettings, Box<CheckResult>> {
        self.db.health.clone().ok_or_else(|| Box::new(CheckResult::skip("`health` is not configured")))
    }
}

/// Requests the health of a service.
pub async fn claim(page: &Page, health: &HealthSettings) -> Claim {
    match page.get(Duration::from_millis(health.answer_within_ms)).await {
        Ok(answer) if answer.status < 400 => Claim::Healthy,
        Ok(_) | Err(HttpError::Connect(_) | HttpError::Broken(_)) => Claim::Unhealthy,
        Err(HttpError::Late(_)) => Claim::Silent,
    }
}

/// Returns whether the service works: `call` succeeds or, if it is not configured, the database is usable through the
/// proxy of the service.
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
