//! Check: the network resets all connections.

use super::super::{DbTarget, HARM, SERVED};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, boxed};

pub const CHECK: Check = Check {
    id: "db.reconnect.reset",
    claim: "if all connections are reset, the service opens new ones by itself",
    method: "Like `db.reconnect.terminate`, but a proxy resets the connections, so that the server sends no final message.",
    side_effects: SERVED,
    risk: HARM,
    deadline_ms: 60_000,
};

pub fn run(target: DbTarget) -> CheckFuture {
    boxed(async move {
        super::after(&target, async |warm| {
            warm.life.proxy.cut();
            Ok(())
        })
        .await
    })
}
