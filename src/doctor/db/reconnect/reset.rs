//! The network resets all connections.

use super::super::{DbTarget, HARM, SERVED};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, boxed};

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
pub fn run(target: DbTarget) -> CheckFuture {
    boxed(async move {
        super::after(&target, async |warm| {
            warm.life.proxy.cut();
            Ok(())
        })
        .await
    })
}
