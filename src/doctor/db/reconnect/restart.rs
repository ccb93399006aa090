//! Check: the server restarts.

use std::time::Duration;

use tokio::time::sleep;

use super::super::{DbTarget, HARM, SERVED};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::fault::FaultMode;
use crate::doctor::program;

/// Base duration of the simulated outage, which lasts between half and one and a half times as long.
const AWAY: Duration = Duration::from_secs(2);

pub const CHECK: Check = Check {
    id: "db.reconnect.restart",
    claim: "if the server restarts, the service reconnects by itself",
    method: "Runs `restart`. If it is not configured, terminates all connections like a server that shuts down, and refuses new ones for one to three seconds. Then continues like `db.reconnect.terminate`; calls that fail while the server is away do not count.",
    side_effects: SERVED,
    risk: HARM,
    deadline_ms: 120_000,
};

pub fn run(target: DbTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

async fn check(target: DbTarget) -> CheckVerdict {
    let mut warm = target.warm().await?;
    let how = if let Some(restart) = &target.db.restart {
        let done = program::run(restart, &warm.life.base.places(None)).await;
        let (ended, output) = done.map_err(|why| Box::new(CheckResult::error(format!("`restart`: {why}"))))?;
        if ended.code() != Some(0) {
            return CheckResult::error(format!(
                "`restart` ended with {ended}: {}",
                output.lines().last().unwrap_or_default()
            ))
            .stop();
        }
        "by `restart`"
    } else {
        warm.life.proxy.set(FaultMode::Refuse).await;
        warm.life.base.terminate().await?;
        // Calls during the outage, so that the service notices it.
        for _ in 0..4 {
            let _ = warm.page.get(AWAY / 4).await;
            sleep(AWAY / 8).await;
        }
        warm.life.proxy.set(FaultMode::Ok).await;
        "simulated"
    };
    let watched = target.watched(&warm.page).await;
    let found = target.evaluate_recovery(&mut warm, &watched).await?;
    Ok(found.observed("restarted", how))
}
