//! Waits differ, so that callers do not come back all at once.

use statrs::distribution::{Binomial, DiscreteCDF as _};

use super::super::{IpcTarget, OPENS};
use super::{SIZES, column, quantile};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::record::Outcome;

/// How far from the median, as a part of it, a wait is that is counted.
const FAR: f64 = 0.05;
/// How many waits without jitter are that far, at most: the noise of the machine is taken as its 90 % quantile.
const BY_NOISE: f64 = 0.1;
/// How many waits with jitter are that far, at least. Of waits that are spread evenly over 17 % of their mean, 42 % are.
const BY_JITTER: f64 = 0.4;
/// How likely a wrong verdict is, at most, for one wait and one number of calls.
const ERROR: f64 = 0.01;
/// Waits that are shorter, in milliseconds, are not judged.
const SHORTEST: f64 = 10.0;

/// The check.
pub const CHECK: Check = Check {
    id: "ipc.retry.jitter",
    claim: "the waits before further attempts differ from call to call",
    method: "Counts, of the waits of 5 calls, those further from their median than 5 % of it and than twice what this machine adds to a wait (measured meanwhile, the 90 % quantile). Passes where so many are explained by noise in less than 1 of 100 runs, warns where so few are explained by jitter of 17 % in less than 1 of 100 runs, and otherwise makes 10, 20 and 40 calls. No verdict where noise hides what jitter there may be.",
    opens: OPENS,
    harm: "",
    deadline_ms: 300_000,
};

/// Looks.
pub fn run(target: IpcTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

/// What the waits of some calls show.
#[derive(Clone, Copy, Debug, PartialEq)]
enum JitterSummary {
    Jitter,
    NoJitter,
    /// More calls may tell.
    Undecided,
    /// No number of calls tells: the machine adds this much, in milliseconds, to a wait.
    TooNoisy(f64),
}

async fn check(target: IpcTarget) -> CheckVerdict {
    let retry = target.retry()?;
    if !retry.jitter {
        return CheckResult::skip("`jitter = false`: none is claimed").stop();
    }
    let mut shown = JitterSummary::Undecided;
    let mut waits = Vec::new();
    for calls in SIZES {
        waits = target.waits(&retry, *calls).await?;
        shown = judge(&waits, &target.noise());
        if matches!(shown, JitterSummary::Jitter | JitterSummary::NoJitter) {
            break;
        }
    }
    let calls = waits.len() as u64;
    let found = match shown {
        JitterSummary::Jitter => CheckResult::pass(calls),
        JitterSummary::NoJitter => {
            CheckResult::warn(calls, format!("the waits of {calls} calls are the same within 5 %"))
                .help("add jitter, or callers that failed together come back together", &[])
        }
        JitterSummary::TooNoisy(noise) => CheckResult::error(format!(
            "inconclusive: this machine adds up to {noise:.0} ms to a wait, so jitter cannot be told from noise"
        ))
        .help("run it again when the machine is less busy", &[]),
        JitterSummary::Undecided if longest(&waits) < SHORTEST => {
            CheckResult::error(format!("inconclusive: all waits are shorter than {SHORTEST} ms"))
        }
        JitterSummary::Undecided => {
            CheckResult::error(format!("inconclusive: the waits of {calls} calls differ, but only a little"))
        }
    };
    Ok(found
        .control("calls reach the dependency", Outcome::Pass)
        .observed("most_far_from_median", rounded(most_far(&waits, &target.noise())))
        .observed("noise_ms", rounded(noise_of(&target.noise())))
        .expected("far_from_median", FAR))
}

fn judge(waits: &[Vec<f64>], noise: &[f64]) -> JitterSummary {
    let noise = noise_of(noise);
    let mut all = Vec::new();
    for (median, column) in places(waits) {
        let far = count_far(&column, median, noise);
        let calls = column.len() as u64;
        let tail = |probability: f64, least: u64| {
            // The probability of `least` or more.
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
    let hidden = all.iter().find(|shown| matches!(shown, JitterSummary::TooNoisy(_)));
    match hidden {
        _ if all.is_empty() || all.contains(&JitterSummary::Undecided) => JitterSummary::Undecided,
        Some(hidden) => *hidden,
        None => JitterSummary::NoJitter,
    }
}

/// The probability of at most this many.
fn cdf(probability: f64, calls: u64, most: u64) -> f64 {
    // Both probabilities are between 0 and 1.
    Binomial::new(probability, calls).map_or(1.0, |binomial| binomial.cdf(most))
}

/// The waits at each place that are long enough, and their median.
fn places(waits: &[Vec<f64>]) -> impl Iterator<Item = (f64, Vec<f64>)> {
    let columns = (0..).map(|place| column(waits, place)).take_while(|column| !column.is_empty());
    columns.filter_map(|column| Some((quantile(&column, 0.5).filter(|median| *median >= SHORTEST)?, column)))
}

fn count_far(column: &[f64], median: f64, noise: f64) -> u64 {
    let limit = (median * FAR).max(noise);
    column.iter().filter(|wait| (*wait - median).abs() > limit).count() as u64
}

/// Of the place with the most waits far from their median, their part.
fn most_far(waits: &[Vec<f64>], noise: &[f64]) -> f64 {
    let noise = noise_of(noise);
    let part = |(median, column): (f64, Vec<f64>)| {
        let far = column.iter().map(|wait| f64::from(u8::from((wait - median).abs() > (median * FAR).max(noise))));
        super::mean(&far.collect::<Vec<_>>()).unwrap_or_default()
    };
    places(waits).map(part).fold(0.0, f64::max)
}

/// What the machine adds to a wait, in milliseconds. It is doubled: a service may be more in need of the processor than doctor.
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
    use super::{JitterSummary, judge};

    fn calls(waits: impl Iterator<Item = f64>) -> Vec<Vec<f64>> {
        waits.map(|wait| vec![wait]).collect()
    }

    #[test]
    fn jitter_is_told_from_noise() {
        let (quiet, busy) = ([0.1; 40], [4.0; 40]);
        let spread = |size: u32| calls((0..size).map(|at| 100.0 + f64::from(at * 37 % 40)));
        let steady = |size: u32| calls((0..size).map(|at| 100.0 + f64::from(at % 3)));
        assert_eq!(judge(&spread(20), &quiet), JitterSummary::Jitter);
        assert_eq!(judge(&steady(5), &quiet), JitterSummary::Undecided, "five calls are too few to say no");
        assert_eq!(judge(&steady(10), &quiet), JitterSummary::NoJitter);
        assert_eq!(judge(&steady(10), &busy), JitterSummary::TooNoisy(8.0));
        // Jitter that is larger than the noise is seen all the same.
        assert_eq!(judge(&spread(20), &busy), JitterSummary::Jitter);
        assert_eq!(
            judge(&calls([40.0, 41.0, 40.5, 90.0, 40.2].into_iter()), &quiet),
            JitterSummary::Undecided,
            "one late wait"
        );
        assert_eq!(judge(&calls((0..40).map(|at| f64::from(at % 5))), &quiet), JitterSummary::Undecided, "too short");
    }
}
