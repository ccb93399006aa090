//! The network resets all connections.

use super::super::{HARM, SERVED, Site};
use crate::doctor::Check;
use crate::doctor::found::{Looking, looking};

/// The check.
pub const CHECK: Check = Check {
    id: "db.reconnect.reset",
    claim: "where all connections are reset, the service opens new ones by itself",
    method: "As `db.reconnect.terminate`, by a proxy that resets the connections: the server has no last word.",
    opens: SERVED,
    harm: HARM,
    deadline_ms: 60_000,
};

/// Looks.
pub fn look(site: Site) -> Looking {
    looking(async move {
        super::after(&site, async |warm| {
            warm.life.proxy.cut();
            Ok(())
        })
        .await
    })
}
