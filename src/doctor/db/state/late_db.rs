//! Check: a service that starts before its database waits for it.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::super::service::RunningService;
use super::super::{DbTarget, HARM, SERVED};
use super::{POLL, said};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::fault::FaultMode;
use crate::doctor::log::millis;
use crate::doctor::record::Outcome;

/// Time for which the database is unavailable.
const AWAY: Duration = Duration::from_secs(2);
/// Timeout of a request.
const ANSWER: Duration = Duration::from_secs(2);

pub const CHECK: Check = Check {
    id: "db.state.late_db",
    claim: "a service that starts before its database waits for it",
    method: "Starts `serve` while nothing listens at the address of its database, and makes the database available after two seconds. Fails if the service ends, reports ready before that, or is not ready within `reconnect_deadline` afterwards. The service is ready if it reports the last state of `state`, or else if `health` or `call` succeeds.",
    side_effects: SERVED,
    risk: HARM,
    deadline_ms: 120_000,
};

pub fn run(target: DbTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

async fn check(target: DbTarget) -> CheckVerdict {
    if target.db.state.is_none() && target.db.health.is_none() && target.db.call.is_none() {
        return CheckResult::skip(
            "none of `state`, `health` and `call` is configured: nothing reports whether the service is ready",
        )
        .stop();
    }
    let mut life = target.start_before_database(true, FaultMode::Refuse).await?;
    let (start, mut samples) = (Instant::now(), 0);
    while start.elapsed() < AWAY {
        samples += 1;
        if !life.running.is_alive() {
            return CheckResult::fail(
                samples,
                format!(
                    "the service ended while its database was unavailable; {}",
                    life.running.last_output_line()
                ),
            )
            .control("the service starts", Outcome::Pass)
            .help("retry in the service until the database is available; `restart: always` only hides a crash at each start", &[])
            .stop();
        }
        if is_ready(&target, &life).await? {
            return CheckResult::fail(samples, "the service reported ready while its database was unavailable")
                .control("the service starts", Outcome::Pass)
                .help("report ready when the database has answered, not when the port is open", &[])
                .stop();
        }
        sleep(POLL).await;
    }
    life.proxy.set(FaultMode::Ok).await;
    let (available_since, within) = (Instant::now(), Duration::from_millis(target.db.reconnect_deadline_ms));
    while !is_ready(&target, &life).await? {
        samples += 1;
        if available_since.elapsed() > within || !life.running.is_alive() {
            let message = format!(
                "the service was not ready {} ms after its database became available",
                millis(available_since.elapsed())
            );
            return CheckResult::fail(samples, message)
                .control("the service starts", Outcome::Pass)
                .help("retry while the database is unavailable", &[])
                .stop();
        }
        sleep(POLL).await;
    }
    Ok(CheckResult::pass(samples)
        .control("the service starts", Outcome::Pass)
        .observed("ready_after_ms", millis(available_since.elapsed()))
        .expected("reconnect_deadline_ms", target.db.reconnect_deadline_ms))
}

async fn is_ready(target: &DbTarget, life: &RunningService) -> Result<bool, Box<CheckResult>> {
    if let Some(state) = &target.db.state {
        let page = life.page(target, &state.url).await?;
        return Ok(said(&page, state).await.as_ref() == state.order.last());
    }
    let health = target.db.health.as_ref().filter(|health| !health.liveness).map(|health| &health.url);
    let Some(url) = health.or(target.db.call.as_ref()) else { return Ok(false) };
    let page = life.page(target, url).await?;
    Ok(page.get(ANSWER).await.is_ok_and(|answer| answer.status < 400))
}
