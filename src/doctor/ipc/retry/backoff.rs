//! Check: waits between attempts grow.

use statrs::distribution::{ContinuousCDF as _, StudentsT};

use super::super::{IpcTarget, OPENS};
use super::{SIZES, column, mean, means, shown};
use crate::config::doctor::Retry;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::record::Outcome;

/// Factor by which a wait must be longer than the previous one.
const GROWTH: f64 = 1.3;
/// Waits up to this length, in milliseconds, do not count as waits.
const NONE: f64 = 1.0;
/// Maximum error probability for one pair of waits and one number of calls.
const ERROR: f64 = 0.005;
/// Minimum of the first wait relative to `base`. With full jitter the mean is half of `base`, and half of that is
/// tolerated.
const FIRST: f64 = 0.25;

pub const CHECK: Check = Check {
    id: "ipc.retry.backoff",
    claim: "the waits before retries grow up to `cap`",
    method: "Measures 5 calls in which all attempts except the last one fail. Passes if each mean wait is at least 1.3 times the previous one or near `cap`; fails if one is not, or if the first one is below a quarter of `base` (t-test with an error of 0.5 %). If this is undecided, because waits with full jitter vary widely, measures 10, 20 and 40 calls. After 40 calls, significant growth passes, unless a factor of 1.6 is ruled out and the measured factor is below 1.3. Without significant growth, the check fails if a factor of 1.6 is ruled out, and is inconclusive otherwise.",
    side_effects: OPENS,
    risk: "",
    deadline_ms: 300_000,
};

pub fn run(target: IpcTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

/// Conclusion from the measured waits.
#[derive(Clone, Debug, PartialEq)]
enum BackoffSummary {
    Growth,
    /// Description of the problem.
    Fault(String),
    /// Description of the undecided measurement.
    Undecided(String),
}

async fn check(target: IpcTarget) -> CheckVerdict {
    let retry = target.retry()?;
    if retry.max_attempts < 3 {
        return CheckResult::skip("`max_attempts` is below 3: there are no two waits to compare").stop();
    }
    let mut summary = BackoffSummary::Growth;
    let mut waits = Vec::new();
    for calls in SIZES {
        waits = target.waits(&retry, *calls).await?;
        summary = evaluate(&waits, &retry, *calls == SIZES[SIZES.len() - 1]);
        if !matches!(summary, BackoffSummary::Undecided(_)) {
            break;
        }
    }
    let (calls, means) = (waits.len() as u64, means(&waits));
    let found = if means.len() < 2 {
        CheckResult::error("inconclusive: no call was attempted three times, so that growth cannot be measured")
    } else {
        match summary {
            BackoffSummary::Growth => CheckResult::pass(calls),
            BackoffSummary::Fault(why) => {
                CheckResult::fail(calls, why).help("double the wait each time, up to a cap, with jitter", &[])
            }
            BackoffSummary::Undecided(why) => CheckResult::error(format!("inconclusive after {calls} calls: {why}"))
                .help("run the check again when the machine is less busy", &[]),
        }
    };
    Ok(found
        .control("calls reach the upstream", Outcome::Pass)
        .observed("mean_waits_ms", shown(&means))
        .expected("growth_least", GROWTH))
}

/// Evaluates the waits; `last` if no more calls are made.
fn evaluate(waits: &[Vec<f64>], retry: &Retry, last: bool) -> BackoffSummary {
    let cap = retry.cap_ms.map_or(f64::INFINITY, float);
    let means = means(waits);
    let mut undecided = None;
    for (position, pair) in means.windows(2).enumerate() {
        // Near `cap`, a wait with full jitter is half of `cap` on average.
        if pair[1] >= cap * 0.45 {
            continue;
        }
        let message =
            format!("wait {} is {:.0} ms on average, the previous one {:.0} ms", position + 2, pair[1], pair[0]);
        // Sign of the difference between the wait and `factor` times the previous one.
        let beyond = |factor: f64| {
            let longer =
                waits.iter().filter_map(|waits| Some(waits.get(position + 1)? - waits.get(position)? * factor));
            sign(&longer.collect::<Vec<_>>())
        };
        let grows = match beyond(GROWTH) {
            0 if last => match (beyond(1.0), beyond(1.6)) {
                (1, -1) => {
                    if pair[1] >= pair[0] * GROWTH {
                        1
                    } else {
                        -1
                    }
                }
                (1, _) => 1,
                (_, -1) => -1,
                _ => 0,
            },
            sign => sign,
        };
        match grows {
            1 if pair[1] > NONE => {}
            0 => undecided = Some(message),
            _ => return BackoffSummary::Fault(message),
        }
    }
    if let (Some(base), Some(first)) = (retry.base_ms.map(float), means.first()) {
        let above: Vec<f64> = column(waits, 0).iter().map(|wait| wait - base * FIRST).collect();
        let message = || format!("the first wait is {first:.0} ms on average, but `base` is {base:.0} ms");
        match sign(&above) {
            -1 => return BackoffSummary::Fault(message()),
            0 if *first < base * FIRST => undecided = Some(message()),
            _ => {}
        }
    }
    undecided.map_or(BackoffSummary::Growth, BackoffSummary::Undecided)
}

/// Returns whether the mean of a population is above (1) or below (-1) zero, by a t-test of a sample; 0 if it is
/// undecided.
fn sign(sample: &[f64]) -> i8 {
    let Some(mean) = mean(sample).filter(|_| sample.len() > 1) else { return 0 };
    let count = float(sample.len() as u64);
    let variance = sample.iter().map(|number| (number - mean).powi(2)).sum::<f64>() / (count - 1.0);
    let Ok(t) = StudentsT::new(0.0, 1.0, count - 1.0) else { return 0 };
    let least = t.inverse_cdf(1.0 - ERROR) * (variance / count).sqrt();
    match mean {
        mean if mean > least => 1,
        mean if mean < -least => -1,
        _ => 0,
    }
}

fn float(number: u64) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::{BackoffSummary, evaluate};
    use crate::config::doctor::Retry;

    fn shown(calls: u32, wait: impl Fn(u32, u32) -> f64) -> BackoffSummary {
        let retry = Retry {
            max_attempts: 4,
            base_ms: Some(100),
            cap_ms: None,
            jitter: true,
            amplification: None,
            unsafe_entry: None,
        };
        let waits: Vec<Vec<f64>> =
            (0..calls).map(|call| (0..3).map(|position| wait(call, position)).collect()).collect();
        evaluate(&waits, &retry, calls == 40)
    }

    /// Returns pseudo-random numbers between 0 and 1.
    fn spread(call: u32, position: u32) -> f64 {
        f64::from((call * 3 + position).wrapping_mul(2_654_435_761) >> 16 & 0xFFFF) / 65_536.0
    }

    #[test]
    fn detects_growth_despite_jitter() {
        assert_eq!(shown(5, |_, position| 100.0 * f64::from(1 << position)), BackoffSummary::Growth);
        assert!(matches!(shown(5, |call, _| 100.0 + f64::from(call % 2)), BackoffSummary::Fault(_)));
        assert!(
            matches!(shown(5, |_, position| 10.0 * f64::from(1 << position)), BackoffSummary::Fault(_)),
            "`base` is not respected"
        );
        let full = |call, position| spread(call, position) * 200.0 * f64::from(1 << position);
        assert!(!matches!(shown(5, full), BackoffSummary::Fault(_)));
        assert_eq!(shown(40, full), BackoffSummary::Growth);
        assert!(matches!(shown(40, |call, position| spread(call, position) * 200.0), BackoffSummary::Fault(_)));
    }
}
