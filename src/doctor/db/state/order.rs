//! A service is not ready before its database is.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::super::dump::named;
use super::super::{DbTarget, HARM, SERVED};
use super::{POLL, Timeline, said};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::fault::FaultMode;
use crate::doctor::record::Outcome;

/// How long it is watched while it cannot be ready.
const GATED: Duration = Duration::from_secs(1);
/// How long a service is given to prepare its database itself.
const BY_ITSELF: Duration = Duration::from_secs(2);

/// The check.
pub const CHECK: Check = Check {
    id: "db.state.order",
    claim: "the service says that it is ready only once its database is, and its states follow their order",
    method: "Starts `serve` on an empty database whose connections are held, asks for its state every 50 ms for a second, lets the connections go, and runs `init` where the service does not prepare the database itself. Fails where it says that it is ready while it is held, or before the schema is that of the reference, where it says what `order` does not name, or goes back in it. Where it does not connect while it is held, nothing is proven.",
    opens: SERVED,
    harm: HARM,
    deadline_ms: 120_000,
};

/// Looks.
pub fn run(target: DbTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

async fn check(target: DbTarget) -> CheckVerdict {
    let Some(state) = target.db.state.clone() else { return CheckResult::skip("no `state` is named").stop() };
    let reference = match target.db.init {
        Some(_) => Some(target.reference(&target.engine().await?).await?),
        None => None,
    };
    let mut life = target.start_before_database(false, FaultMode::Hold).await?;
    let page = life.page(&target, &state.url).await?;
    let ready = state.order.last().cloned().unwrap_or_default();
    let (mut timeline, mut samples) = (Timeline::default(), 0_u64);
    let within = Duration::from_millis(target.db.serve.as_ref().map_or(0, |serve| serve.within_ms));
    let (start, mut heard) = (Instant::now(), None::<Instant>);
    // A service that answers only once it is ready says nothing until then, and that is no lie.
    while start.elapsed() < within && heard.is_none_or(|heard| heard.elapsed() < GATED) {
        if let Some(said) = said(&page, &state).await {
            samples += 1;
            timeline.add(&said);
        }
        if life.proxy.count() > 0 {
            heard.get_or_insert_with(Instant::now);
        }
        if !life.running.is_alive() {
            break;
        }
        sleep(POLL).await;
    }
    if !life.running.is_alive() {
        return CheckResult::fail(
            1,
            format!("the service ended while its database kept it waiting; {}", life.running.last_output_line()),
        )
        .control("the service is started", Outcome::Pass)
        .stop();
    }
    let gated = timeline.0.clone();
    if life.proxy.count() == 0 && !gated.contains(&ready) {
        return CheckResult::error("the service did not come to its database while it was held, so nothing is known")
            .stop();
    }
    life.proxy.tell(FaultMode::Ok);
    let (opened, mut prepared) = (Instant::now(), false);
    let mut stop = Vec::new();
    while timeline.0.last() != Some(&ready) && opened.elapsed() < within {
        if !prepared && opened.elapsed() > BY_ITSELF && target.db.init.is_some() {
            prepared = true;
            target.run_single_worker(&life.base).await?;
        }
        if let Some(said) = said(&page, &state).await {
            samples += 1;
            timeline.add(&said);
            if said == ready
                && let Some(reference) = &reference
            {
                stop = reference.dump.differences(&life.base.dump().await?);
            }
        }
        sleep(POLL).await;
    }
    target.log.note("states", timeline.0.join(", "));
    let found = if gated.contains(&ready) {
        CheckResult::fail(samples, format!("it said `{ready}` while it could not reach its database"))
            .help("be ready when the database has answered, not when the port is open", &[])
    } else if !stop.is_empty() {
        CheckResult::fail(samples, format!("it said `{ready}` before its schema was there: {}", named(&stop)))
            .help("be ready when the schema is the one that is needed", &[])
    } else if timeline.0.last() != Some(&ready) {
        CheckResult::fail(samples, format!("it did not say `{ready}` once its database was there"))
            .help("try again while the database is not there", &[])
    } else if let Some(why) = timeline.complaint(&state.order) {
        CheckResult::fail(samples, why).help("correct the states, or `order`", &[])
    } else {
        CheckResult::pass(samples)
    };
    Ok(found
        .control("the service comes to its database", Outcome::Pass)
        .observed("states", timeline.0)
        .expected("order", state.order))
}
