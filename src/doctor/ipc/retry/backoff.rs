//! Waits grow.

use statrs::distribution::{ContinuousCDF as _, StudentsT};

use super::super::{IpcTarget, OPENS};
use super::{SIZES, column, mean, means, shown};
use crate::config::doctor::Retry;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::record::Outcome;

/// By how much a wait must be longer than the one before it.
const GROWTH: f64 = 1.3;
/// Waits below this, in milliseconds, are none.
const NONE: f64 = 1.0;
/// How likely a wrong verdict is, at most, for one pair of waits and one number of calls.
const ERROR: f64 = 0.005;
/// Of a full jitter the mean is half of what is claimed; a first wait of less than half of that is not what is claimed.
const FIRST: f64 = 0.25;

/// The check.
pub const CHECK: Check = Check {
    id: "ipc.retry.backoff",
    claim: "the waits before further attempts grow until their cap",
    method: "The dependency fails as often as attempts are claimed but one, in 5 calls. Passes where each wait is 1.3 times the one before it or near `cap`, and fails where one is not, or the first is below a quarter of `base`: of the means of all calls, by a t test with an error of 0.5 %. Where that does not decide, because waits with full jitter differ much, 10, 20 and 40 calls are made; then growth as such passes, a growth of 1.6 that is ruled out fails, and otherwise there is no verdict.",
    opens: OPENS,
    harm: "",
    deadline_ms: 300_000,
};

/// Looks.
pub fn run(target: IpcTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

/// What the waits show.
#[derive(Clone, Debug, PartialEq)]
enum BackoffSummary {
    Growth,
    /// What is wrong.
    Fault(String),
    /// What is not decided.
    Undecided(String),
}

async fn check(target: IpcTarget) -> CheckVerdict {
    let retry = target.retry()?;
    if retry.max_attempts < 3 {
        return CheckResult::skip("with `max_attempts` below 3 there are no two waits to compare").stop();
    }
    let mut shown_by = BackoffSummary::Growth;
    let mut waits = Vec::new();
    for calls in SIZES {
        waits = target.waits(&retry, *calls).await?;
        shown_by = judge(&waits, &retry, *calls == SIZES[SIZES.len() - 1]);
        if !matches!(shown_by, BackoffSummary::Undecided(_)) {
            break;
        }
    }
    let (calls, means) = (waits.len() as u64, means(&waits));
    let found = if means.len() < 2 {
        CheckResult::error("no call was tried three times, so there is no growth to be seen")
    } else {
        match shown_by {
            BackoffSummary::Growth => CheckResult::pass(calls),
            BackoffSummary::Fault(why) => {
                CheckResult::fail(calls, why).help("double the wait each time, up to a cap, with jitter", &[])
            }
            BackoffSummary::Undecided(why) => CheckResult::error(format!("inconclusive after {calls} calls: {why}"))
                .help("run it again when the machine is less busy", &[]),
        }
    };
    Ok(found
        .control("calls reach the dependency", Outcome::Pass)
        .observed("mean_waits_ms", shown(&means))
        .expected("growth_least", GROWTH))
}

/// What the waits of some calls show; `last` if no more calls are made.
fn judge(waits: &[Vec<f64>], retry: &Retry, last: bool) -> BackoffSummary {
    let cap = retry.cap_ms.map_or(f64::INFINITY, float);
    let means = means(waits);
    let mut undecided = None;
    for (place, pair) in means.windows(2).enumerate() {
        // Near its cap, a wait with full jitter is half of it on average.
        if pair[1] >= cap * 0.45 {
            continue;
        }
        let said = format!("wait {} is {:.0} ms on average, the one before it {:.0} ms", place + 2, pair[1], pair[0]);
        // How much longer the wait is than the one before it, times a factor.
        let beyond = |factor: f64| {
            let longer = waits.iter().filter_map(|waits| Some(waits.get(place + 1)? - waits.get(place)? * factor));
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
            0 => undecided = Some(said),
            _ => return BackoffSummary::Fault(said),
        }
    }
    if let (Some(base), Some(first)) = (retry.base_ms.map(float), means.first()) {
        let above: Vec<f64> = column(waits, 0).iter().map(|wait| wait - base * FIRST).collect();
        let said = || format!("the first wait is {first:.0} ms on average; {base:.0} ms are claimed");
        match sign(&above) {
            -1 => return BackoffSummary::Fault(said()),
            0 if *first < base * FIRST => undecided = Some(said()),
            _ => {}
        }
    }
    undecided.map_or(BackoffSummary::Growth, BackoffSummary::Undecided)
}

/// Whether the mean of a population is above (1) or below (-1) zero, by a t test of a sample; 0 if the sample does not say.
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
    use super::{BackoffSummary, judge};
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
        let waits: Vec<Vec<f64>> = (0..calls).map(|call| (0..3).map(|place| wait(call, place)).collect()).collect();
        judge(&waits, &retry, calls == 40)
    }

    /// Numbers between 0 and 1 that look random.
    fn spread(call: u32, place: u32) -> f64 {
        f64::from((call * 3 + place).wrapping_mul(2_654_435_761) >> 16 & 0xFFFF) / 65_536.0
    }

    #[test]
    fn growth_is_seen_through_jitter() {
        assert_eq!(shown(5, |_, place| 100.0 * f64::from(1 << place)), BackoffSummary::Growth);
        assert!(matches!(shown(5, |call, _| 100.0 + f64::from(call % 2)), BackoffSummary::Fault(_)));
        assert!(
            matches!(shown(5, |_, place| 10.0 * f64::from(1 << place)), BackoffSummary::Fault(_)),
            "`base` is not kept"
        );
        let full = |call, place| spread(call, place) * 200.0 * f64::from(1 << place);
        assert!(!matches!(shown(5, full), BackoffSummary::Fault(_)));
        assert_eq!(shown(40, full), BackoffSummary::Growth);
        assert!(matches!(shown(40, |call, place| spread(call, place) * 200.0), BackoffSummary::Fault(_)));
    }
}
