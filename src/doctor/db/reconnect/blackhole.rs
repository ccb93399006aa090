//! All connections stay open, and nothing comes back on them.

use super::super::{HARM, SERVED, Site};
use crate::doctor::Check;
use crate::doctor::found::{Looking, looking};

/// The check.
pub const CHECK: Check = Check {
    id: "db.reconnect.blackhole",
    claim: "where connections stay open and silent, the service leaves them after a while",
    method: "As `db.reconnect.terminate`, by a proxy that keeps the connections open and says nothing on them any more, as behind a server that hangs; new connections are served. What the service needs is a bound on the time of an answer: the far end acknowledges, so that keep-alive finds nothing.",
    opens: SERVED,
    harm: HARM,
    deadline_ms: 60_000,
};

/// Looks.
pub fn look(site: Site) -> Looking {
    looking(async move {
        super::after(&site, async |warm| {
            warm.life.proxy.silence();
            Ok(())
        })
        .await
    })
}
