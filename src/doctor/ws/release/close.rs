//! Whether a farewell frees a slot.

use super::super::WsTarget;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, boxed};

/// The check.
pub const CHECK: Check = Check {
    id: "ws.release.close",
    claim: "a connection that says goodbye frees its slot",
    method: "All slots are taken and one more is refused; then one is closed with a close frame, and another one must be served within `release_deadline`.",
    opens: "limit connections, then one more every 50 ms until it is served",
    harm: "",
    deadline_ms: 30_000,
};

/// Looks.
pub fn run(target: WsTarget) -> CheckFuture {
    boxed(async move {
        let within = target.release_deadline();
        target
            .release(within, |client| async move {
                client.close().await;
                Ok(None)
            })
            .await
    })
}
