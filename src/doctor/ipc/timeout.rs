//! Timeout checks: a call fails in time if the upstream hangs, is slow, disconnects or sends invalid data.

pub mod accept;
pub mod body;
pub mod cancel;
pub mod drip;
pub mod garbage;
pub mod half_close;
pub mod headers;
pub mod refuse;
pub mod reset;
pub mod syn;
pub mod truncate;

use super::IpcTarget;
use super::harness::{Endpoint, shortened};
use crate::config::doctor::{ServiceEntry, Timeout};
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::fault::FaultMode;
use crate::doctor::log::millis;
use crate::doctor::record::Outcome;

/// Method of the checks that differ only in the fault.
pub const METHOD: &str = "Calls three times (`--quick`: once) while the upstream fails in this way. If the service is called over HTTP and the fault makes it wait, also calls 20 times at the same time. Fails if a call takes longer than `timeout.max` plus `timeout.grace`, or reports success. Inconclusive if no call reaches the upstream.";
/// Number of concurrent calls: more than the connections of a small pool.
const CROWD: usize = 20;

impl IpcTarget {
    /// Returns the `timeout` settings.
    ///
    /// # Errors
    /// Returns a skip if `timeout` is not configured.
    pub fn timeout(&self) -> Result<Timeout, Box<CheckResult>> {
        self.ipc.timeout.ok_or_else(|| Box::new(CheckResult::skip("`timeout` is not configured")))
    }
}

/// Returns whether a fault makes calls wait instead of failing immediately.
fn waits(mode: FaultMode) -> bool {
    matches!(
        mode,
        FaultMode::HangAccept
            | FaultMode::HangHeaders
            | FaultMode::HangBody
            | FaultMode::Drip(_)
            | FaultMode::HalfClose
            | FaultMode::SynDrop
    )
}

/// Runs the check for one fault.
fn under(target: IpcTarget, mode: FaultMode) -> CheckFuture {
    boxed(async move { run(target, mode).await })
}

async fn run(target: IpcTarget, mode: FaultMode) -> CheckVerdict {
    let timeout = target.timeout()?;
    let most = timeout.max_ms + timeout.grace_ms;
    let mut abandoned = false;
    let (mut slowest, mut good, mut late, mut unseen, mut last) = (0, 0_u64, 0_u64, 0_u64, String::new());
    for trial in 1..=target.trials() {
        let mut harness = target.harness().await?;
        harness.fail(mode).await?;
        let called = harness.call(Endpoint::Primary).await?;
        let took = millis(called.time);
        slowest = slowest.max(took);
        good += u64::from(called.is_ok);
        late += u64::from(took > most || called.is_late);
        abandoned |= called.is_late;
        unseen += u64::from(called.hits == 0 && !matches!(mode, FaultMode::Refuse | FaultMode::SynDrop));
        let status = called.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
        target.log.record("answer", format!("trial {trial}: {status} after {took} ms: {}", shortened(&called.text)));
        last = shortened(&called.text);
    }
    let trials = target.trials();
    let (mut together, mut slowest_together) = (0_u64, 0);
    if late == 0 && good == 0 && unseen == 0 && waits(mode) && matches!(target.ipc.entry, ServiceEntry::Http { .. }) {
        let mut harness = target.harness().await?;
        harness.fail(mode).await?;
        let called = harness.crowd(CROWD).await?;
        slowest_together = called.iter().map(|called| millis(called.time)).max().unwrap_or_default();
        together = called.iter().filter(|called| millis(called.time) > most || called.is_late).count() as u64;
        target.log.record("answers", format!("{CROWD} concurrent calls: the longest took {slowest_together} ms"));
    }
    let found = if unseen > 0 {
        CheckResult::error("inconclusive: no call reached the upstream, so the fault had no effect")
    } else if good > 0 {
        CheckResult::fail(trials, format!("{good} of {trials} calls reported success: {last}"))
            .help("return an error if the answer of the upstream is incomplete or missing", &[])
    } else if late > 0 {
        let longest =
            if abandoned { format!("abandoned after {slowest} ms") } else { format!("the longest took {slowest} ms") };
        CheckResult::fail(trials, format!("{late} of {trials} calls took longer than {most} ms ({longest})"))
            .help("set a timeout for the whole call, not only for each read, or correct `timeout.max`", &[])
    } else if together > 0 {
        let why = format!(
            "{together} of {CROWD} concurrent calls took longer than {most} ms (the longest took {slowest_together} ms)"
        );
        CheckResult::fail(trials + CROWD as u64, why)
            .help("include the wait for a pooled connection or a worker in the timeout", &[])
    } else {
        CheckResult::pass(trials)
    };
    Ok(found
        .control("calls reach the upstream", Outcome::Pass)
        .attempts(trials)
        .observed("slowest_ms", slowest)
        .expected("most_ms", most))
}
