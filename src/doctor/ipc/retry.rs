//! How a service tries again: how often, with which waits between, and when not.

pub mod after;
pub mod amplification;
pub mod backoff;
pub mod cap;
pub mod count;
pub mod jitter;
pub mod never;

use std::time::Instant;

use super::Site;
use super::rig::{Rig, Way};
use crate::config::doctor::Retry;
use crate::doctor::fault::Mode;
use crate::doctor::found::Found;

/// How many calls are watched for their waits.
pub const TRIALS: usize = 5;
/// How many more, where the first ones leave a doubt.
pub const MORE: usize = 15;

impl Site {
    /// What is claimed of trying again.
    ///
    /// # Errors
    /// A skip, where nothing is.
    pub fn retry(&self) -> Result<Retry, Box<Found>> {
        self.ipc.retry.clone().ok_or_else(|| Box::new(Found::skip("no `retry` is claimed")))
    }

    /// The waits of a call before each further attempt, in milliseconds, for so many calls; those that an earlier check has seen are
    /// not asked for again.
    ///
    /// # Errors
    /// Where nothing can be seen.
    pub async fn waits(&self, retry: &Retry, trials: usize) -> Result<Vec<Vec<f64>>, Box<Found>> {
        if retry.max_attempts < 2 {
            return Found::skip("`max_attempts` is 1: nothing is tried again").early();
        }
        while self.waits.borrow().len() < trials {
            let mut rig = self.rig().await?;
            rig.fail(Mode::FailFirst(retry.max_attempts - 1)).await?;
            let waits = attempts(&mut rig).await?;
            let line = waits.iter().map(|wait| format!("{wait:.0}")).collect::<Vec<_>>().join(", ");
            self.log.note("waits", format!("{line} ms"));
            self.waits.borrow_mut().push(waits);
        }
        if self.waits.borrow().iter().any(Vec::is_empty) {
            return Found::error("a call was not tried again, so there are no waits").early();
        }
        Ok(self.waits.borrow().clone())
    }
}

/// Calls once; the waits between the attempts, in milliseconds.
async fn attempts(rig: &mut Rig) -> Result<Vec<f64>, Box<Found>> {
    let before = rig.upstream.count();
    rig.call(Way::Entry).await?;
    let at: Vec<Instant> = rig.upstream.hits()[before..].iter().map(|hit| hit.at).collect();
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

/// The coefficient of variation, from the quartiles: a machine that is busy for a moment makes one wait longer, and no jitter. Between
/// the quartiles of a normal distribution lie 1.35 standard deviations.
pub fn variation(numbers: &[f64]) -> Option<f64> {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = *sorted.get(sorted.len() / 2).filter(|middle| **middle > 0.0)?;
    let (low, high) = (sorted[sorted.len() / 4], sorted[sorted.len() * 3 / 4]);
    (sorted.len() > 3).then_some((high - low) / 1.35 / middle)
}

/// As a result shows waits.
pub fn shown(numbers: &[f64]) -> serde_json::Value {
    numbers.iter().map(|number| number.round()).collect::<Vec<_>>().into()
}

#[cfg(test)]
mod tests {
    use super::variation;

    #[test]
    fn one_late_wait_is_no_jitter() {
        assert!(variation(&[40.0, 41.0, 40.5, 90.0, 40.2]).unwrap() < 0.05);
        assert!(variation(&[40.0, 61.0, 52.5, 33.0, 47.2]).unwrap() > 0.05);
        assert_eq!((variation(&[1.0, 2.0]), variation(&[])), (None, None));
    }
}
