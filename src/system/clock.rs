//! The time that every rule uses.

use chrono::{DateTime, Utc};

/// The time on the machine's clock, in whole seconds.
pub fn now() -> DateTime<Utc> {
    let now = Utc::now();
    DateTime::from_timestamp(now.timestamp(), 0).unwrap_or(now)
}
