//! Current time and elapsed time.

use chrono::{DateTime, Utc};

/// Returns the current UTC time, truncated to whole seconds.
pub fn now() -> DateTime<Utc> {
    let now = Utc::now();
    DateTime::from_timestamp(now.timestamp(), 0).unwrap_or(now)
}

/// Stopwatch on the monotonic clock.
#[derive(Clone, Copy, Debug)]
pub struct Watch(std::time::Instant);

impl Watch {
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// Returns the elapsed time in whole milliseconds.
    pub fn milliseconds(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
