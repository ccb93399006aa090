//! What happens during a check, in its order, with the time since the check began. It is kept when the check is not finished.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::record::Evidence;

/// The most lines that are kept of a check.
const MOST: usize = 200;
/// The longest line, in characters.
const LONGEST: usize = 400;

/// The lines of one check.
#[derive(Clone, Debug)]
pub struct Log {
    start: Instant,
    lines: Rc<RefCell<Vec<Evidence>>>,
}

impl Log {
    /// Begins.
    pub fn start() -> Self {
        Self { start: Instant::now(), lines: Rc::default() }
    }

    /// Keeps a line.
    pub fn note(&self, event: &str, detail: impl Into<String>) {
        let mut lines = self.lines.borrow_mut();
        if lines.len() < MOST {
            let detail: String = detail.into();
            let detail = match detail.char_indices().nth(LONGEST) {
                Some((at, _)) => format!("{}…", &detail[..at]),
                None => detail,
            };
            lines.push(Evidence { t_ms: millis(self.start.elapsed()), event: event.to_owned(), detail });
        }
    }

    /// The lines so far.
    pub fn lines(&self) -> Vec<Evidence> {
        self.lines.borrow().clone()
    }
}

/// Whole milliseconds.
pub fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Milliseconds with their thousandths, as results show them.
pub fn fine_millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}
