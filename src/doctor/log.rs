//! Event log of a check, with times relative to its start. It survives the check, so that a check that timed out still
//! has evidence.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::record::Evidence;

/// Number of events kept per check; later ones are dropped.
const MAX_EVENTS: usize = 200;
/// Length limit of the detail of an event, in characters.
const MAX_DETAIL: usize = 400;

/// Event log shared by the clones of one handle.
#[derive(Clone, Debug)]
pub struct Log {
    start: Instant,
    lines: Rc<RefCell<Vec<Evidence>>>,
}

impl Log {
    /// Creates an empty log and starts its clock.
    pub fn start() -> Self {
        Self { start: Instant::now(), lines: Rc::default() }
    }

    /// Appends an event, unless the log is full.
    pub fn record(&self, event: &str, detail: impl Into<String>) {
        let mut lines = self.lines.borrow_mut();
        if lines.len() < MAX_EVENTS {
            let detail: String = detail.into();
            let detail = match detail.char_indices().nth(MAX_DETAIL) {
                Some((at, _)) => format!("{}…", &detail[..at]),
                None => detail,
            };
            lines.push(Evidence { t_ms: millis(self.start.elapsed()), event: event.to_owned(), detail });
        }
    }

    /// Returns the events so far.
    pub fn lines(&self) -> Vec<Evidence> {
        self.lines.borrow().clone()
    }
}

/// Converts a duration to whole milliseconds, rounded down.
pub fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Converts a duration to milliseconds with three decimal places.
pub fn fine_millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}
