//! How a service tries again: how often, with which waits between, and when not.

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

/// How many calls are watched for their waits.
pub const TRIALS: usize = 5;
/// How many calls are watched in all, until their waits decide.
pub const SIZES: &[usize] = &[TRIALS, 10, 20, 40];

/// The waits of calls, and how precisely the machine kept time meanwhile.
#[derive(Clone, Debug, Default)]
pub struct Waits {
    /// The waits of each call, in milliseconds.
    calls: Vec<Vec<f64>>,
    /// How far intervals of the same length were from their median, in milliseconds.
    noise: Vec<f64>,
}

impl IpcTarget {
    /// What is claimed of trying again.
    ///
    /// # Errors
    /// A skip, where nothing is.
    pub fn retry(&self) -> Result<Retry, Box<CheckResult>> {
        self.ipc.retry.clone().ok_or_else(|| Box::new(CheckResult::skip("no `retry` is claimed")))
    }

    /// The waits of a call before each further attempt, in milliseconds, for so many calls; those that an earlier check has seen are
    /// not asked for again.
    ///
    /// # Errors
    /// Where nothing can be seen.
    pub async fn waits(&self, retry: &Retry, trials: usize) -> Result<Vec<Vec<f64>>, Box<CheckResult>> {
        if retry.max_attempts < 2 {
            return CheckResult::skip("`max_attempts` is 1: nothing is tried again").stop();
        }
        let is_measured = self.waits.borrow().calls.len() < trials;
        let unheard = |error: std::io::Error| CheckResult::error(format!("nothing can listen: {error}"));
        let noise = if is_measured { Some(noise::Noise::start().map_err(unheard)?) } else { None };
        while self.waits.borrow().calls.len() < trials {
            let mut harness = self.harness().await?;
            harness.fail(FaultMode::FailFirst(retry.max_attempts - 1)).await?;
            let waits = attempts(&mut harness).await?;
            let line = waits.iter().map(|wait| format!("{wait:.0}")).collect::<Vec<_>>().join(", ");
            self.log.note("waits", format!("{line} ms"));
            self.waits.borrow_mut().calls.push(waits);
        }
        if let Some(noise) = noise {
            let noise = noise.finish().await;
            self.waits.borrow_mut().noise.extend(noise);
        }
        if self.waits.borrow().calls.iter().any(Vec::is_empty) {
            return CheckResult::error("a call was not tried again, so there are no waits").stop();
        }
        Ok(self.waits.borrow().calls.clone())
    }

    /// How far intervals of the same length were from their median while the waits were measured, in milliseconds.
    pub fn noise(&self) -> Vec<f64> {
        self.waits.borrow().noise.clone()
    }
}

/// Calls once; the waits between the attempts, in milliseconds.
async fn attempts(harness: &mut Harness) -> Result<Vec<f64>, Box<CheckResult>> {
    let before = harness.upstream.count();
    harness.call(Endpoint::Primary).await?;
    let at: Vec<Instant> = harness.upstream.hits()[before..].iter().map(|hit| hit.at).collect();
    Ok(at.windows(2).map(|pair| pair[1].duration_since(pair[0]).as_secs_f64() * 1e3).collect())
}

/// The means of the first waits of all calls, of the second ones, and so on, in milliseconds.
pub fn means(waits: &[Vec<f64>]) -> Vec<f64> {
    (0..).map_while(|place| mean(&column(waits, place))).collect()
}

/// The waits of all calls at one place.
pub fn column(waits: &[Vec<f64>], place: usize) -> Vec<f64> {
    waits.iter().filter_map(|waits| waits.get(place).copied()).collect()
}

/// The mean; none of nothing.
pub fn mean(numbers: &[f64]) -> Option<f64> {
    let count = u32::try_from(numbers.len()).ok().filter(|count| *count > 0)?;
    Some(numbers.iter().sum::<f64>() / f64::from(count))
}

/// A quantile; none of nothing.
pub fn quantile(numbers: &[f64], part: f64) -> Option<f64> {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = u32::try_from(sorted.len().checked_sub(1)?).ok()?;
    // Between 0 and the last place, as `part` is between 0 and 1.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let place = (f64::from(last) * part).round() as usize;
    sorted.get(place).copied()
}

/// As a result shows waits.
pub fn shown(numbers: &[f64]) -> serde_json::Value {
    numbers.iter().map(|number| number.round()).collect::<Vec<_>>().into()
}

#[cfg(test)]
mod tests {
    use super::quantile;

    #[test]
    fn quantiles_are_members() {
        let numbers = [3.0, 1.0, 2.0];
        assert_eq!((quantile(&numbers, 0.0), quantile(&numbers, 0.5)), (Some(1.0), Some(2.0)));
        assert_eq!((quantile(&numbers, 0.9), quantile(&[], 0.5)), (Some(3.0), None));
    }
}
