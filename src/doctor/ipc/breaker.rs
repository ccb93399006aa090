//! Circuit breaker checks. The state (closed, open, half-open) is derived from the calls that reach the upstream.

pub mod closes;
pub mod half_opens;
pub mod isolated;
pub mod open;
pub mod opens;
pub mod reopens;
pub mod single_trial;

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::IpcTarget;
use super::harness::{Endpoint, Harness};
use crate::config::doctor::Breaker;
use crate::doctor::check_result::CheckResult;
use crate::doctor::fault::FaultMode;
use crate::doctor::log::millis;
use crate::doctor::record::Outcome;

/// Fault of the upstream while a breaker is observed.
pub const FAILURE: FaultMode = FaultMode::Status(500);
/// Interval between calls while the breaker is open.
pub const POLL: Duration = Duration::from_millis(20);
/// Relative tolerance of measured times.
pub const TOLERANCE: f64 = 0.2;

/// Breaker that has opened.
pub struct Tripped {
    /// Number of failing calls until it opened.
    pub calls: u64,
    /// Time after the last call that reached the upstream.
    pub at: Instant,
}

impl IpcTarget {
    /// Returns the `breaker` settings.
    ///
    /// # Errors
    /// Returns a skip if `breaker` is not configured.
    pub fn breaker(&self) -> Result<Breaker, Box<CheckResult>> {
        self.ipc.breaker.ok_or_else(|| Box::new(CheckResult::skip("`breaker` is not configured")))
    }

    /// Lets the upstream fail until no call reaches it.
    ///
    /// # Errors
    /// Returns a failure if the breaker does not open within `max_trip_calls`.
    pub async fn trip(&self, harness: &mut Harness, breaker: Breaker) -> Result<Tripped, Box<CheckResult>> {
        harness.fail(FAILURE).await?;
        let mut at = Instant::now();
        for calls in 0..=breaker.max_trip_calls {
            let called = harness.call(Endpoint::Primary).await?;
            if called.hits == 0 {
                self.log.record("open", format!("after {calls} failing calls"));
                return Ok(Tripped { calls, at });
            }
            at = Instant::now();
        }
        let message =
            format!("after {} failing calls, the next one still reaches the upstream", breaker.max_trip_calls);
        CheckResult::fail(breaker.max_trip_calls + 1, message)
            .control("calls reach the upstream", Outcome::Pass)
            .expected("max_trip_calls", breaker.max_trip_calls)
            .help("add a circuit breaker for the calls to this upstream, or raise `max_trip_calls`", &[])
            .stop()
    }

    /// Opens the breaker like [`Self::trip`], for checks of other properties.
    ///
    /// # Errors
    /// Returns an error instead of a failure if the breaker does not open.
    pub async fn tripped(&self, harness: &mut Harness, breaker: Breaker) -> Result<Tripped, Box<CheckResult>> {
        let tripped = self.trip(harness, breaker).await;
        tripped.map_err(|found| match found.outcome {
            Outcome::Fail => {
                Box::new(CheckResult::error(format!("inconclusive: the breaker does not open: {}", found.detail)))
            }
            _ => found,
        })
    }

    /// Starts the service and opens its breaker.
    ///
    /// # Errors
    /// Returns a skip if `breaker` is not configured, and an error if the breaker does not open.
    pub async fn opened(&self) -> Result<(Harness, Breaker, Tripped), Box<CheckResult>> {
        let breaker = self.breaker()?;
        let mut harness = self.harness().await?;
        let tripped = self.tripped(&mut harness, breaker).await?;
        Ok((harness, breaker, tripped))
    }

    /// Calls until a call reaches the upstream. Returns the time since the breaker opened.
    ///
    /// # Errors
    /// Returns a failure if no call reaches the upstream within three times `open_for` plus 1 s.
    pub async fn half_open(
        &self,
        harness: &mut Harness,
        breaker: Breaker,
        tripped: &Tripped,
    ) -> Result<Duration, Box<CheckResult>> {
        let open_for = Duration::from_millis(breaker.open_for_ms);
        let mut polls = 0;
        while tripped.at.elapsed() < open_for * 3 + Duration::from_secs(1) {
            let asked = tripped.at.elapsed();
            polls += 1;
            if harness.call(Endpoint::Primary).await?.hits > 0 {
                self.log.record("half-open", format!("{} ms after it opened", millis(asked)));
                return Ok(asked);
            }
            sleep(POLL).await;
        }
        let message = format!("no call reached the upstream within {} ms", millis(tripped.at.elapsed()));
        CheckResult::fail(polls, message)
            .control("calls reach the upstream", Outcome::Pass)
            .expected("open_for_ms", breaker.open_for_ms)
            .help("let the breaker half-open after `open_for`, or raise `open_for`", &[])
            .stop()
    }

    /// Waits until an open breaker must be half-open.
    pub async fn await_half_open(breaker: Breaker, tripped: &Tripped) {
        let longest = Duration::from_millis(breaker.open_for_ms).mul_f64(1.0 + TOLERANCE) + POLL * 2;
        sleep(longest.saturating_sub(tripped.at.elapsed())).await;
    }
}
