//! Check: waits differ, so that callers do not retry at the same time.

use statrs::distribution::{Binomial, DiscreteCDF as _};

use super::super::{IpcTarget, OPENS};
use super::{SIZES, column, quantile};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::record::Outcome;

/// Relative deviation from the median above which a wait is counted.
const FAR: f64 = 0.05;
/// Maximum fraction of waits without jitter that deviate as much: the noise of the machine is its 90 % quantile.
const BY_NOISE: f64 = 0.1;
/// Minimum fraction of waits with jitter that deviate as much. Of waits that are spread evenly over 17 % of their mean,
/// 42 % do.
const BY_JITTER: f64 = 0.4;
/// Maximum error probability for one wait and one number of calls.
const ERROR: f64 = 0.01;
/// Minimum length of the waits that are evaluated, in milliseconds.
const SHORTEST: f64 = 10.0;

pub const CHECK: Check = Check {
    id: "ipc.retry.jitter",
    claim: "the waits before retries differ from call to call",
    method: "Measures 5 calls, and counts the waits that deviate from their median by more than 5 % and by more than twice the timing noise of this machine (90 % quantile, measured at the same time). Passes if noise explains this number in less than 1 of 100 runs, warns if a jitter of 17 % explains so low a number in less than 1 of 100 runs, and otherwise measures 10, 20 and 40 calls. Inconclusive if noise hides possible jitter.",
    side_effects: OPENS,
    risk: "",
    deadline_ms: 300_000,
};

pub fn run(target: IpcTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

/// Conclusion from the measured waits.
#[derive(Clone, Copy, Debug, PartialEq)]
enum JitterSummary {
    Jitter,
    NoJitter,
    /// More calls may decide.
    Undecided,
    /// No number of calls decides: the machine adds this many milliseconds to a wait.
    TooNoisy(f64),
}

async fn check(target: IpcTarget) -> CheckVerdict {
    let retry = target.retry()?;
    if !retry.jitter {
        return CheckResult::skip("`jitter` is false: waits may be equal").stop();
    }
    let mut summary = JitterSummary::Undecided;
    let mut waits = Vec::new();
    for calls in SIZES {
        waits = target.waits(&retry, *calls).await?;
        summary = evaluate(&waits, &target.noise());
        if matches!(summary, JitterSummary::Jitter | JitterSummary::NoJitter) {
            break;
        }
    }
    let calls = waits.len() as u64;
    let found = match summary {
        JitterSummary::Jitter => CheckResult::pass(calls),
        JitterSummary::NoJitter => {
            CheckResult::warn(calls, format!("the waits of {calls} calls are the same within 5 %"))
                .help("add jitter, so that callers that failed at the same time do not retry at the same time", &[])
        }
        JitterSummary::TooNoisy(noise) => CheckResult::error(format!(
            "inconclusive: this machine adds up to {noise:.0} ms to a wait, so that jitter cannot be distinguished from noise"
        ))
        .help("run the check again when the machine is less busy", &[]),
        JitterSummary::Undecided if longest(&waits) < SHORTEST => {
            CheckResult::error(format!("inconclusive: all waits are shorter than {SHORTEST} ms"))
        }
        JitterSummary::Undecided => {
            CheckResult::error(format!("inconclusive: the waits of {calls} calls differ only slightly"))
        }
    };
    Ok(found
        .control("calls reach the upstream", Outcome::Pass)
        .observed("most_far_from_median", rounded(most_far(&waits, &target.noise())))
        .observed("noise_ms", rounded(noise_of(&target.noise())))
        .expected("far_from_median", FAR))
}

fn evaluate(waits: &[Vec<f64>], noise: &[f64]) -> JitterSummary {
    let noise = noise_of(noise);
    let mut all = Vec::new();
    for (median, column) in positions(waits) {
        let far = count_far(&column, median, noise);
        let calls = column.len() as u64;
        let tail = |probability: f64, least: u64| {
            // Probability of `least` or more.
            let below = least.checked_sub(1).map(|most| cdf(probability, calls, most));
            1.0 - below.unwrap_or(0.0)
        };
        all.push(if tail(BY_NOISE, far) < ERROR {
            return JitterSummary::Jitter;
        } else if noise > median * FAR {
            JitterSummary::TooNoisy(noise)
        } else if cdf(BY_JITTER, calls, far) < ERROR {
            JitterSummary::NoJitter
        } else {
            JitterSummary::Undecided
        });
    }
    let hidden = all.iter().find(|summary| matches!(summary, JitterSummary::TooNoisy(_)));
    match hidden {
        _ if all.is_empty() || all.contains(&JitterSummary::Undecided) => JitterSummary::Undecided,
        Some(hidden) => *hidden,
        None => JitterSummary::NoJitter,
    }
}

/// Returns the probability of at most `most` of `calls`.
fn cdf(probability: f64, calls: u64, most: u64) -> f64 {
    // `probability` is between 0 and 1, so that this does not fail.
    Binomial::new(probability, calls).map_or(1.0, |binomial| binomial.cdf(most))
}

/// Returns the median and the waits of each position whose median is at least 10 ms.
fn positions(waits: &[Vec<f64>]) -> impl Iterator<Item = (f64, Vec<f64>)> {
    let columns = (0..).map(|position| column(waits, position)).take_while(|column| !column.is_empty());
    columns.filter_map(|column| Some((quantile(&column, 0.5).filter(|median| *median >= SHORTEST)?, column)))
}

fn count_far(column: &[f64], median: f64, noise: f64) -> u64 {
    let limit = (median * FAR).max(noise);
    column.iter().filter(|wait| (*wait - median).abs() > limit).count() as u64
}

/// Returns the largest fraction of waits that deviate from the median, among all positions.
fn most_far(waits: &[Vec<f64>], noise: &[f64]) -> f64 {
    let noise = noise_of(noise);
    let part = |(median, column): (f64, Vec<f64>)| {
        let far = column.iter().map(|wait| f64::from(u8::from((wait - median).abs() > (median * FAR).max(noise))));
        super::mean(&far.collect::<Vec<_>>()).unwrap_or_default()
    };
    positions(waits).map(part).fold(0.0, f64::max)
}

/// Returns what the machine adds to a wait, in milliseconds: twice the 90 % quantile, because a service may get less
/// CPU time than doctor.
fn noise_of(noise: &[f64]) -> f64 {
    quantile(noise, 1.0 - BY_NOISE).unwrap_or_default() * 2.0
}

fn longest(waits: &[Vec<f64>]) -> f64 {
    waits.iter().flatten().copied().fold(0.0, f64::max)
}

fn rounded(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::{JitterSummary, evaluate};

    fn calls(waits: impl Iterator<Item = f64>) -> Vec<Vec<f64>> {
        waits.map(|wait| vec![wait]).collect()
    }

    #[test]
    fn distinguishes_jitter_from_noise() {
        let (quiet, busy) = ([0.1; 40], [4.0; 40]);
        let spread = |size: u32| calls((0..size).map(|at| 100.0 + f64::from(at * 37 % 40)));
        let steady = |size: u32| calls((0..size).map(|at| 100.0 + f64::from(at % 3)));
        assert_eq!(evaluate(&spread(20), &quiet), JitterSummary::Jitter);
        assert_eq!(evaluate(&steady(5), &quiet), JitterSummary::Undecided, "five calls are too few to decide");
        assert_eq!(evaluate(&steady(10), &quiet), JitterSummary::NoJitter);
        assert_eq!(evaluate(&steady(10), &busy), JitterSummary::TooNoisy(8.0));
        // Jitter that is larger than the noise is detected.
        assert_eq!(evaluate(&spread(20), &busy), JitterSummary::Jitter);
        assert_eq!(
            evaluate(&calls([40.0, 41.0, 40.5, 90.0, 40.2].into_iter()), &quiet),
            JitterSummary::Undecided,
            "one long wait"
        );
        assert_eq!(
            evaluate(&calls((0..40).map(|at| f64::from(at % 5))), &quiet),
            JitterSummary::Undecided,
            "too short"
        );
    }
}
