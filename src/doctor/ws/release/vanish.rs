//! Check `ws.release.vanish`: a peer that disappears without FIN or RST loses its slot.

use super::super::WsTarget;
use crate::doctor::Check;
use crate::doctor::check_result::{CheckFuture, boxed};

pub const CHECK: Check = Check {
    id: "ws.release.vanish",
    claim: "a peer that disappears without FIN or RST loses its slot",
    method: "Fills all slots and verifies that one more connection is refused. Then ends one connection without FIN or \
             RST (`TCP_REPAIR`). Fails if no other connection is served within `dead_peer_deadline`. Skipped if \
             `dead_peer_deadline` is not set, or without CAP_NET_ADMIN.",
    side_effects: "limit connections, then one more every 50 ms until one is served",
    risk: "",
    deadline_ms: 300_000,
};

pub fn run(target: WsTarget) -> CheckFuture {
    boxed(async move { target.release_dead(|client| async move { client.drop_silently().await.map(|()| None) }).await })
}
