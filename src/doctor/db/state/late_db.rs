//! A service that is there before its database.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::super::life::Life;
use super::super::{HARM, SERVED, Site};
use super::{POLL, said};
use crate::doctor::Check;
use crate::doctor::fault::Mode;
use crate::doctor::found::{Found, Looking, Verdict, looking};
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
pub fn look(site: Site) -> Looking {
    looking(async move { run(site).await })
}

async fn run(site: Site) -> Verdict {
    if site.db.state.is_none() && site.db.health.is_none() && site.db.call.is_none() {
        return Found::skip("no `state`, `health` or `call` is named: nothing says whether the service is ready")
            .early();
    }
    let mut life = site.early_life(true, Mode::Refuse).await?;
    let (start, mut samples) = (Instant::now(), 0);
    while start.elapsed() < AWAY {
        samples += 1;
        if !life.running.is_alive() {
            return Found::fail(
                samples,
                format!("the service ended because its database was not there yet; {}", life.running.said_last()),
            )
            .control("the service is started", Outcome::Pass)
            .remedy("wait for the database, or have it waited for: `restart: always` hides a crash at each start", &[])
            .early();
        }
        if is_ready(&site, &life).await? {
            return Found::fail(samples, "the service said that it was ready while its database was not there")
                .control("the service is started", Outcome::Pass)
                .remedy("be ready when the database has answered, not when the port is open", &[])
                .early();
        }
        sleep(POLL).await;
    }
    life.proxy.set(Mode::Ok).await;
    let (there, within) = (Instant::now(), Duration::from_millis(site.db.reconnect_deadline_ms));
    while !is_ready(&site, &life).await? {
        samples += 1;
        if there.elapsed() > within || !life.running.is_alive() {
            let said = format!("the service was not ready {} ms after its database was there", millis(there.elapsed()));
            return Found::fail(samples, said)
                .control("the service is started", Outcome::Pass)
                .remedy("try again while the database is not there", &[])
                .early();
        }
        sleep(POLL).await;
    }
    Ok(Found::pass(samples)
        .control("the service is started", Outcome::Pass)
        .observed("ready_after_ms", millis(there.elapsed()))
        .expected("reconnect_deadline_ms", site.db.reconnect_deadline_ms))
}

async fn is_ready(site: &Site, life: &Life) -> Result<bool, Box<Found>> {
    if let Some(state) = &site.db.state {
        let page = life.page(site, &state.url).await?;
        return Ok(said(&page, state).await.as_ref() == state.order.last());
    }
    let health = site.db.health.as_ref().filter(|health| !health.liveness).map(|health| &health.url);
    let Some(url) = health.or(site.db.call.as_ref()) else { return Ok(false) };
    let page = life.page(site, url).await?;
    Ok(page.get(ANSWER).await.is_ok_and(|answer| answer.status < 400))
}
