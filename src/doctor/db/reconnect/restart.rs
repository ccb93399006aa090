//! The server goes, and comes back.

use std::time::Duration;

use tokio::time::sleep;

use super::super::{DbTarget, HARM, SERVED};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, CheckResult, CheckVerdict, boxed};
use crate::doctor::fault::FaultMode;
use crate::doctor::program;

/// How long the database is away.
const AWAY: Duration = Duration::from_secs(2);

/// The check.
pub const CHECK: Check = Check {
    id: "db.reconnect.restart",
    claim: "where the server restarts, the service finds back to it by itself",
    method: "Runs `restart`; where none is named, ends all connections as a server does that shuts down, and lets nothing listen for two seconds. Then as `db.reconnect.terminate`: what fails while the server is away does not count.",
    opens: SERVED,
    harm: HARM,
    deadline_ms: 120_000,
};

/// Looks.
pub fn run(target: DbTarget) -> CheckFuture {
    boxed(async move { check(target).await })
}

async fn check(target: DbTarget) -> CheckVerdict {
    let mut warm = target.warm().await?;
    let how = if let Some(restart) = &target.db.restart {
        let done = program::run(restart, &warm.life.base.places(None)).await;
        let (ended, said) = done.map_err(|why| Box::new(CheckResult::error(format!("`restart`: {why}"))))?;
        if ended.code() != Some(0) {
            return CheckResult::error(format!(
                "`restart` ended with {ended}: {}",
                said.lines().last().unwrap_or_default()
            ))
            .stop();
        }
        "by `restart`"
    } else {
        warm.life.proxy.set(FaultMode::Refuse).await;
        warm.life.base.terminate().await?;
        // Whoever calls meanwhile runs into it, as it is.
        for _ in 0..4 {
            let _ = warm.page.get(AWAY / 4).await;
            sleep(AWAY / 8).await;
        }
        warm.life.proxy.set(FaultMode::Ok).await;
        "as a shutdown looks to a client"
    };
    let watched = target.watched(&warm.page).await;
    let found = target.evaluate_recovery(&mut warm, &watched).await?;
    Ok(found.observed("restarted", how))
}
