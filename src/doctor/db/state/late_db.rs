//! A service that is there before its database.

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

/// How long the database is not there.
const AWAY: Duration = Duration::from_secs(2);
/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(2);

/// The check.
pub const CHECK: Check = Check {
    id: "db.state.late_db",
    claim: "a service that is started before its database waits for it",
    method: "Starts `serve` while nothing listens where its database should be, for two seconds, then lets the database be there. Fails where the service ends, says that it is ready meanwhile, or is not ready within `reconnect_deadline` after. Ready is the last state of `state`, or else what `health` or `call` say.",
    opens: SERVED,
    harm: HARM,
    deadline_ms: 120_000,
};

/// Looks.
pub fn run(target: DbTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

async fn check(target: DbTarget) -> CheckVerdict {
    if target.db.state.is_none() && target.db.health.is_none() && target.db.call.is_none() {
        return CheckResult::skip("no `state`, `health` or `call` is named: nothing says whether the service is ready")
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
                    "the service ended because its database was not there yet; {}",
                    life.running.last_output_line()
                ),
            )
            .control("the service is started", Outcome::Pass)
            .help("wait for the database, or have it waited for: `restart: always` hides a crash at each start", &[])
            .stop();
        }
        if is_ready(&target, &life).await? {
            return CheckResult::fail(samples, "the service said that it was ready while its database was not there")
                .control("the service is started", Outcome::Pass)
                .help("be ready when the database has answered, not when the port is open", &[])
                .stop();
        }
        sleep(POLL).await;
    }
    life.proxy.set(FaultMode::Ok).await;
    let (there, within) = (Instant::now(), Duration::from_millis(target.db.reconnect_deadline_ms));
    while !is_ready(&target, &life).await? {
        samples += 1;
        if there.elapsed() > within || !life.running.is_alive() {
            let said = format!("the service was not ready {} ms after its database was there", millis(there.elapsed()));
            return CheckResult::fail(samples, said)
                .control("the service is started", Outcome::Pass)
                .help("try again while the database is not there", &[])
                .stop();
        }
        sleep(POLL).await;
    }
    Ok(CheckResult::pass(samples)
        .control("the service is started", Outcome::Pass)
        .observed("ready_after_ms", millis(there.elapsed()))
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
