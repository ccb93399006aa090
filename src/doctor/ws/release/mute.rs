//! Whether a peer that does not answer any more is let go.

use super::super::WsTarget;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, boxed};

/// The check.
pub const CHECK: Check = Check {
    id: "ws.release.mute",
    claim: "a peer that answers nothing any more loses its slot",
    method: "All slots are taken and one more is refused; then one stops reading and answers no ping any more, and another one must be served within `dead_peer_deadline`. Skipped where none is claimed.",
    opens: "limit connections, then one more every 50 ms until it is served",
    harm: "",
    deadline_ms: 300_000,
};

/// Looks.
pub fn run(target: WsTarget) -> CheckFuture {
    boxed(async move {
        target
            .release_dead(|client| async move {
                client.stop_reading();
                Ok(Some(client))
            })
            .await
    })
}
