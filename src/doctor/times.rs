//! Response times: quantiles and bucket counts from an HDR histogram with a resolution of one microsecond.

use std::time::Duration;

use hdrhistogram::Histogram;

use crate::doctor::record::Latency;

/// Number of buckets; bucket `n` starts at 2^n / 16 ms.
const BUCKETS: usize = 18;

/// Histogram of response times.
#[derive(Debug)]
pub struct Times(Histogram<u64>);

impl Default for Times {
    fn default() -> Self {
        // These bounds (1 µs to 1 h, three digits) are always valid; the fallback grows automatically.
        let bounded = Histogram::new_with_bounds(1, 3_600_000_000, 3);
        Self(
            bounded
                .or_else(|_| Histogram::new(3))
                .unwrap_or_else(|_| unreachable!("three significant digits are valid")),
        )
    }
}

impl Times {
    /// Records a time, clamped to the range from 1 µs to 1 h.
    pub fn add(&mut self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX).clamp(1, 3_600_000_000);
        self.0.saturating_record(micros);
    }

    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// Returns a quantile (0 to 1), in milliseconds.
    pub fn quantile(&self, quantile: f64) -> f64 {
        millis(self.0.value_at_quantile(quantile))
    }

    /// Returns the summary for a result.
    pub fn latency(&self) -> Latency {
        let mut buckets = vec![0; BUCKETS];
        for step in self.0.iter_recorded() {
            let sixteenths = (step.value_iterated_to() * 16 / 1_000).max(1);
            let at = usize::try_from(sixteenths.ilog2()).unwrap_or(BUCKETS).min(BUCKETS - 1);
            buckets[at] += step.count_at_value();
        }
        Latency { p50_ms: self.quantile(0.5), p99_ms: self.quantile(0.99), max_ms: millis(self.0.max()), buckets }
    }
}

fn millis(micros: u64) -> f64 {
    // Values up to an hour are exact in a float.
    #[allow(clippy::cast_precision_loss)]
    let micros = micros as f64;
    micros / 1_000.0
}
