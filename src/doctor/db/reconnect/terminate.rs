//! Check: the server terminates all connections.

use super::super::{DbTarget, HARM, SERVED};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, boxed};

pub const CHECK: Check = Check {
    id: "db.reconnect.terminate",
    claim: "if the server terminates all connections, the service opens new ones by itself",
    method: "Fills the pool of the service with `pool_size` calls at the same time, terminates all its connections (`pg_terminate_backend`), and calls every 50 ms. Passes if no call fails, warns if calls fail before the service recovers, and fails if it does not recover within `reconnect_deadline` or a call hangs.",
    side_effects: SERVED,
    risk: HARM,
    deadline_ms: 60_000,
};

pub fn run(target: DbTarget) -> CheckFuture {
    boxed(async move { super::after(&target, async |warm| warm.life.base.terminate().await).await })
}
