//! The server ends all connections.

use super::super::{DbTarget, HARM, SERVED};
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, boxed};

/// The check.
pub const CHECK: Check = Check {
    id: "db.reconnect.terminate",
    claim: "where the server ends all connections, the service opens new ones by itself",
    method: "Fills the pool of the service with `pool_size` calls at once, ends all its connections (`pg_terminate_backend`), and calls every 50 ms. Passes without a failed call, warns where calls fail until it is back, fails where it is not back within `reconnect_deadline`.",
    opens: SERVED,
    harm: HARM,
    deadline_ms: 60_000,
};

/// Looks.
pub fn run(target: DbTarget) -> CheckFuture {
    boxed(async move { super::after(&target, async |warm| warm.life.base.terminate().await).await })
}
