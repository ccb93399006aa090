//! What a circuit breaker does, seen by how many calls reach the dependency: closed, open, half-open, closed.

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

/// How a dependency fails while a breaker is watched.
pub const FAILURE: FaultMode = FaultMode::Status(500);
/// How often a service is called while its breaker is open.
pub const POLL: Duration = Duration::from_millis(20);
/// What a time may differ from what is claimed.
pub const TOLERANCE: f64 = 0.2;

/// A breaker that has opened.
pub struct Tripped {
    /// After how many failing calls.
    pub calls: u64,
    /// When the last call got through.
    pub at: Instant,
}

impl IpcTarget {
    /// What is claimed of the breaker.
    ///
    /// # Errors
    /// A skip, where nothing is.
    pub fn breaker(&self) -> Result<Breaker, Box<CheckResult>> {
        self.ipc.breaker.ok_or_else(|| Box::new(CheckResult::skip("no `breaker` is claimed")))
    }

    /// Lets the dependency fail until no call reaches it any more.
    ///
    /// # Errors
    /// Where the breaker does not open.
    pub async fn trip(&self, harness: &mut Harness, breaker: Breaker) -> Result<Tripped, Box<CheckResult>> {
        harness.fail(FAILURE).await?;
        let mut at = Instant::now();
        for calls in 0..=breaker.max_trip_calls {
            let called = harness.call(Endpoint::Primary).await?;
            if called.hits == 0 {
                self.log.note("open", format!("after {calls} failing calls"));
                return Ok(Tripped { calls, at });
            }
            at = Instant::now();
        }
        let said = format!("{} failing calls, and the next one still reaches the dependency", breaker.max_trip_calls);
        CheckResult::fail(breaker.max_trip_calls + 1, said)
            .control("calls reach the dependency", Outcome::Pass)
            .expected("max_trip_calls", breaker.max_trip_calls)
            .help("put the calls of this dependency behind a circuit breaker, or raise `max_trip_calls`", &[])
            .stop()
    }

    /// Lets the dependency fail until no call reaches it, where something else is verified.
    ///
    /// # Errors
    /// Where the breaker does not open, so that nothing is known.
    pub async fn tripped(&self, harness: &mut Harness, breaker: Breaker) -> Result<Tripped, Box<CheckResult>> {
        let tripped = self.trip(harness, breaker).await;
        tripped.map_err(|found| match found.outcome {
            Outcome::Fail => Box::new(CheckResult::error(format!("the breaker does not open: {}", found.detail))),
            _ => found,
        })
    }

    /// A service whose breaker is open.
    ///
    /// # Errors
    /// Where there is none, or it does not open.
    pub async fn opened(&self) -> Result<(Harness, Breaker, Tripped), Box<CheckResult>> {
        let breaker = self.breaker()?;
        let mut harness = self.harness().await?;
        let tripped = self.tripped(&mut harness, breaker).await?;
        Ok((harness, breaker, tripped))
    }

    /// Calls until a call gets through; how long after the breaker opened that was.
    ///
    /// # Errors
    /// Where none gets through in three times the time that is claimed.
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
                self.log.note("half-open", format!("{} ms after it opened", millis(asked)));
                return Ok(asked);
            }
            sleep(POLL).await;
        }
        let said = format!("no call got through within {} ms", millis(tripped.at.elapsed()));
        CheckResult::fail(polls, said)
            .control("calls reach the dependency", Outcome::Pass)
            .expected("open_for_ms", breaker.open_for_ms)
            .help("let the breaker try again after a while, or raise `open_for`", &[])
            .stop()
    }

    /// Waits until an open breaker must let somebody try.
    pub async fn await_half_open(breaker: Breaker, tripped: &Tripped) {
        let longest = Duration::from_millis(breaker.open_for_ms).mul_f64(1.0 + TOLERANCE) + POLL * 2;
        sleep(longest.saturating_sub(tripped.at.elapsed())).await;
    }
}
