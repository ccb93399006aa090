//! The time that every rule uses.

use chrono::{DateTime, Utc};

/// The time on the machine's clock, in whole seconds.
pub fn now() -> DateTime<Utc> {
    let now = Utc::now();
    DateTime::from_timestamp(now.timestamp(), 0).unwrap_or(now)
}

/// How long something takes.
#[derive(Clone, Copy, Debug)]
pub struct Watch(std::time::Instant);

impl Watch {
    /// Begins.
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// Whole milliseconds since.
    pub fn milliseconds(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
