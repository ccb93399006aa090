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

/// The coefficient of variation: the standard deviation (of a sample) over the mean.
pub fn variation(numbers: &[f64]) -> Option<f64> {
    let mean = mean(numbers).filter(|mean| *mean > 0.0)?;
    let count = u32::try_from(numbers.len()).ok().filter(|count| *count > 1)?;
    let squares: f64 = numbers.iter().map(|number| (number - mean).powi(2)).sum();
    Some((squares / f64::from(count - 1)).sqrt() / mean)
}

/// As a result shows waits.
pub fn shown(numbers: &[f64]) -> serde_json::Value {
    numbers.iter().map(|number| number.round()).collect::<Vec<_>>().into()
}
