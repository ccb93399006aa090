//! Check `ws.release.mute`: a peer that stops responding loses its slot.

use super::super::WsTarget;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, boxed};

pub const CHECK: Check = Check {
    id: "ws.release.mute",
    claim: "a peer that stops responding loses its slot",
    method: "Fills all slots and verifies that one more connection is refused. Then one connection stops reading and \
             answers no more pings. Fails if no other connection is served within `dead_peer_deadline`. Skipped if \
             `dead_peer_deadline` is not set.",
    side_effects: "limit connections, then one more every 50 ms until one is served",
    risk: "",
    deadline_ms: 300_000,
};

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
