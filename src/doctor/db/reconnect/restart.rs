//! The server goes, and comes back.

use std::time::Duration;

use tokio::time::sleep;

use super::super::{HARM, SERVED, Site};
use crate::doctor::Check;
use crate::doctor::fault::Mode;
use crate::doctor::found::{Found, Looking, Verdict, looking};
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
pub fn look(site: Site) -> Looking {
    looking(async move { run(site).await })
}

async fn run(site: Site) -> Verdict {
    let mut warm = site.warm().await?;
    let how = if let Some(restart) = &site.db.restart {
        let done = program::run(restart, &warm.life.base.places(None)).await;
        let (ended, said) = done.map_err(|why| Box::new(Found::error(format!("`restart`: {why}"))))?;
        if ended.code() != Some(0) {
            return Found::error(format!("`restart` ended with {ended}: {}", said.lines().last().unwrap_or_default()))
                .early();
        }
        "by `restart`"
    } else {
        warm.life.proxy.set(Mode::Refuse).await;
        warm.life.base.terminate().await?;
        // Whoever calls meanwhile runs into it, as it is.
        for _ in 0..4 {
            let _ = warm.page.get(AWAY / 4).await;
            sleep(AWAY / 8).await;
        }
        warm.life.proxy.set(Mode::Ok).await;
        "as a shutdown looks to a client"
    };
    let watched = site.watched(&warm.page).await;
    let found = site.told(&mut warm, &watched).await?;
    Ok(found.observed("restarted", how))
}
