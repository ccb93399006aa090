//! Retry checks: number of attempts, waits between them, and calls that must not be retried.

pub mod after;
pub mod amplification;
pub mod backoff;
pub mod cap;
pub mod count;
pub mod jitter;
pub mod never;
mod noise;

use std::time::Instant;

use super::IpcTarget;
use super::harness::{Endpoint, Harness};
use crate::config::doctor::Retry;
use crate::doctor::check_result::CheckResult;
use crate::doctor::fault::FaultMode;

/// Number of calls whose waits are measured at first.
pub const TRIALS: usize = 5;
/// Total number of measured calls in each stage, until the result is decided.
pub const SIZES: &[usize] = &[TRIALS, 10, 20, 40];

/// Waits between attempts, and the timing noise of the machine while they were measured.
#[derive(Clone, Debug, Default)]
pub struct Waits {
    /// Waits of each call, in milliseconds.
    calls: Vec<Vec<f64>>,
    /// Deviations of equal intervals from their median, in milliseconds.
    noise: Vec<f64>,
}

impl IpcTarget {
    /// Returns the `retry` settings.
    ///
    /// # Errors
    /// Returns a skip if `retry` is not configured.
    pub fn retry(&self) -> Result<Retry, Box<CheckResult>> {
        self.ipc.retry.clone().ok_or_else(|| Box::new(CheckResult::skip("`retry` is not configured")))
    }

    /// Returns the waits before each retry for at least `trials` calls, in milliseconds. Measurements of earlier checks
    /// are reused.
    ///
    /// # Errors
    /// Returns a skip if `max_attempts` is 1, and an error if a call was not retried.
    pub async fn waits(&self, retry: &Retry, trials: usize) -> Result<Vec<Vec<f64>>, Box<CheckResult>> {
        if retry.max_attempts < 2 {
            return CheckResult::skip("`max_attempts` is 1: calls are not retried").stop();
        }
        let is_measured = self.waits.borrow().calls.len() < trials;
        let to_error = |error: std::io::Error| CheckResult::error(format!("cannot listen on a local port: {error}"));
        let noise = if is_measured { Some(noise::Noise::start().map_err(to_error)?) } else { None };
        while self.waits.borrow().calls.len() < trials {
            let mut harness = self.harness().await?;
            harness.fail(FaultMode::FailFirst(retry.max_attempts - 1)).await?;
            let waits = attempts(&mut harness).await?;
            let line = waits.iter().map(|wait| format!("{wait:.0}")).collect::<Vec<_>>().join(", ");
            self.log.record("waits", format!("{line} ms"));
            self.waits.borrow_mut().calls.push(waits);
        }
        if let Some(noise) = noise {
            let noise = noise.finish().await;
            self.waits.borrow_mut().noise.extend(noise);
        }
        if self.waits.borrow().calls.iter().any(Vec::is_empty) {
            return CheckResult::error("inconclusive: a call was not retried, so there are no waits").stop();
        }
        Ok(self.waits.borrow().calls.clone())
    }

    /// Returns the deviations of equal intervals from their median while the waits were measured, in milliseconds.
    pub fn noise(&self) -> Vec<f64> {
        self.waits.borrow().noise.clone()
    }
}

/// Calls once and returns the waits between the attempts, in milliseconds.
async fn attempts(harness: &mut Harness) -> Result<Vec<f64>, Box<CheckResult>> {
    let before = harness.upstream.count();
    harness.call(Endpoint::Primary).await?;
    let at: Vec<Instant> = harness.upstream.hits()[before..].iter().map(|hit| hit.at).collect();
    Ok(at.windows(2).map(|pair| pair[1].duration_since(pair[0]).as_secs_f64() * 1e3).collect())
}

/// Returns the mean of the first waits of all calls, of the second waits, and so on, in milliseconds.
pub fn means(waits: &[Vec<f64>]) -> Vec<f64> {
    (0..).map_while(|position| mean(&column(waits, position))).collect()
}

/// Returns the waits of all calls at one position.
pub fn column(waits: &[Vec<f64>], position: usize) -> Vec<f64> {
    waits.iter().filter_map(|waits| waits.get(position).copied()).collect()
}

/// Returns the mean; `None` if there are no numbers.
pub fn mean(numbers: &[f64]) -> Option<f64> {
    let count = u32::try_from(numbers.len()).ok().filter(|count| *count > 0)?;
    Some(numbers.iter().sum::<f64>() / f64::from(count))
}

/// Returns the quantile `part` (0 to 1), which is one of the numbers; `None` if there are no numbers.
pub fn quantile(numbers: &[f64], part: f64) -> Option<f64> {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = u32::try_from(sorted.len().checked_sub(1)?).ok()?;
    // The value is between 0 and `last`, because `part` is between 0 and 1.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let position = (f64::from(last) * part).round() as usize;
    sorted.get(position).copied()
}

/// Rounds waits for a result.
pub fn shown(numbers: &[f64]) -> serde_json::Value {
    numbers.iter().map(|number| number.round()).collect::<Vec<_>>().into()
}

#[cfg(test)]
mod tests {
    use super::quantile;

    #[test]
    fn quantiles_are_elements() {
        let numbers = [3.0, 1.0, 2.0];
        assert_eq!((quantile(&numbers, 0.0), quantile(&numbers, 0.5)), (Some(1.0), Some(2.0)));
        assert_eq!((quantile(&numbers, 0.9), quantile(&[], 0.5)), (Some(3.0), None));
    }
}
