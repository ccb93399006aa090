//! Check: a service is not ready before its database is.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::super::dump::named;
use super::super::{DbTarget, HARM, SERVED};
use super::{POLL, Timeline, said};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::fault::FaultMode;
use crate::doctor::record::Outcome;

/// Time for which the service is observed while it cannot be ready.
const GATED: Duration = Duration::from_secs(1);
/// Time for the service to initialize its database itself, before `init` runs.
const BY_ITSELF: Duration = Duration::from_secs(2);

pub const CHECK: Check = Check {
    id: "db.state.order",
    claim: "the service reports ready only after its database is ready, and its states follow `order`",
    method: "Starts `serve` on an empty database whose connections are held, requests its state every 50 ms for one second, releases the connections, and runs `init` if the service does not initialize the database itself. Fails if the service reports ready while the connections are held or before the schema equals the reference, if it reports a state that `order` does not list, or if it goes back in `order`. Inconclusive if it does not connect while the connections are held.",
    side_effects: SERVED,
    risk: HARM,
    deadline_ms: 120_000,
};

pub fn run(target: DbTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

async fn check(target: DbTarget) -> CheckVerdict {
    let Some(state) = target.db.state.clone() else { return CheckResult::skip("`state` is not configured").stop() };
    let reference = match target.db.init {
        Some(_) => Some(target.reference(&target.engine().await?).await?),
        None => None,
    };
    let mut life = target.start_before_database(false, FaultMode::Hold).await?;
    let page = life.page(&target, &state.url).await?;
    let ready = state.order.last().cloned().unwrap_or_default();
    let (mut timeline, mut samples) = (Timeline::default(), 0_u64);
    let within = Duration::from_millis(target.db.serve.as_ref().map_or(0, |serve| serve.within_ms));
    let (start, mut connected) = (Instant::now(), None::<Instant>);
    // A service may answer only after it is ready. No answer is not a wrong report.
    while start.elapsed() < within && connected.is_none_or(|connected| connected.elapsed() < GATED) {
        if let Some(reported) = said(&page, &state).await {
            samples += 1;
            timeline.add(&reported);
        }
        if life.proxy.count() > 0 {
            connected.get_or_insert_with(Instant::now);
        }
        if !life.running.is_alive() {
            break;
        }
        sleep(POLL).await;
    }
    if !life.running.is_alive() {
        return CheckResult::fail(
            1,
            format!("the service ended while its database did not respond; {}", life.running.last_output_line()),
        )
        .control("the service starts", Outcome::Pass)
        .stop();
    }
    let gated = timeline.0.clone();
    if life.proxy.count() == 0 && !gated.contains(&ready) {
        return CheckResult::error(
            "inconclusive: the service did not connect to its database while connections were held",
        )
        .stop();
    }
    life.proxy.request_mode(FaultMode::Ok);
    let (opened, mut prepared) = (Instant::now(), false);
    let mut differences = Vec::new();
    while timeline.0.last() != Some(&ready) && opened.elapsed() < within {
        if !prepared && opened.elapsed() > BY_ITSELF && target.db.init.is_some() {
            prepared = true;
            target.run_single_worker(&life.base).await?;
        }
        if let Some(reported) = said(&page, &state).await {
            samples += 1;
            timeline.add(&reported);
            if reported == ready
                && let Some(reference) = &reference
            {
                differences = reference.dump.differences(&life.base.dump().await?);
            }
        }
        sleep(POLL).await;
    }
    target.log.record("states", timeline.0.join(", "));
    let found = if gated.contains(&ready) {
        CheckResult::fail(samples, format!("the service reported `{ready}` while it could not reach its database"))
            .help("report ready when the database has answered, not when the port is open", &[])
    } else if !differences.is_empty() {
        CheckResult::fail(
            samples,
            format!("the service reported `{ready}` before its schema was complete: {}", named(&differences)),
        )
        .help("report ready when the required schema exists", &[])
    } else if timeline.0.last() != Some(&ready) {
        CheckResult::fail(samples, format!("the service did not report `{ready}` after its database became available"))
            .help("retry while the database is unavailable", &[])
    } else if let Some(why) = timeline.complaint(&state.order) {
        CheckResult::fail(samples, why).help("correct the states of the service, or `order`", &[])
    } else {
        CheckResult::pass(samples)
    };
    Ok(found
        .control("the service connects to its database", Outcome::Pass)
        .observed("states", timeline.0)
        .expected("order", state.order))
}
