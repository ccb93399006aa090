//! What a service does when its dependency hangs, drips, breaks off or lies: it ends in time, with an error.

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

/// How they find out.
pub const METHOD: &str = "Calls three times while the dependency fails in this way; a service that is called over HTTP also 20 times at once, if the fault makes it wait. Fails if an answer takes longer than `max` and `grace`, or says that all is well. If no call reaches the dependency, nothing is known.";
/// How many calls come at once: more than a small pool of connections has.
const CROWD: usize = 20;

impl IpcTarget {
    /// What is claimed of the time.
    ///
    /// # Errors
    /// A skip, where nothing is.
    pub fn timeout(&self) -> Result<Timeout, Box<CheckResult>> {
        self.ipc.timeout.ok_or_else(|| Box::new(CheckResult::skip("no `timeout` is claimed")))
    }
}

/// Whether calls wait while a dependency fails in a way, instead of failing at once.
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

/// Looks at what a service does while its dependency fails in a way.
fn under(target: IpcTarget, mode: FaultMode) -> CheckFuture {
    boxed(async move { run(target, mode).await })
}

async fn run(target: IpcTarget, mode: FaultMode) -> CheckVerdict {
    let timeout = target.timeout()?;
    let most = timeout.max_ms + timeout.grace_ms;
    let mut given_up = false;
    let (mut slowest, mut good, mut late, mut unseen, mut last) = (0, 0_u64, 0_u64, 0_u64, String::new());
    for trial in 1..=target.trials() {
        let mut harness = target.harness().await?;
        harness.fail(mode).await?;
        let called = harness.call(Endpoint::Primary).await?;
        let took = millis(called.time);
        slowest = slowest.max(took);
        good += u64::from(called.is_ok);
        late += u64::from(took > most || called.is_late);
        given_up |= called.is_late;
        unseen += u64::from(called.hits == 0 && !matches!(mode, FaultMode::Refuse | FaultMode::SynDrop));
        let status = called.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
        target.log.note("answer", format!("trial {trial}: {status} after {took} ms: {}", shortened(&called.text)));
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
        target.log.note("answers", format!("{CROWD} calls at once: the longest took {slowest_together} ms"));
    }
    let found = if unseen > 0 {
        CheckResult::error("the fault did not reach the service: the dependency was not asked")
    } else if good > 0 {
        CheckResult::fail(trials, format!("{good} of {trials} calls are said to have ended well: {last}"))
            .help("an answer that is not whole, or none, is an error", &[])
    } else if late > 0 {
        let longest =
            if given_up { format!("given up after {slowest} ms") } else { format!("the longest {slowest} ms") };
        CheckResult::fail(trials, format!("{late} of {trials} calls took longer than {most} ms, {longest}"))
            .help("give the whole call a deadline, not each read; then correct `timeout.max`", &[])
    } else if together > 0 {
        let why = format!(
            "{together} of {CROWD} calls at once took longer than {most} ms, the longest {slowest_together} ms"
        );
        CheckResult::fail(trials + CROWD as u64, why)
            .help("count the wait for a connection of the pool, or a worker, as part of the deadline", &[])
    } else {
        CheckResult::pass(trials)
    };
    Ok(found
        .control("calls reach the dependency while it is well", Outcome::Pass)
        .attempts(trials)
        .observed("slowest_ms", slowest)
        .expected("most_ms", most))
}
